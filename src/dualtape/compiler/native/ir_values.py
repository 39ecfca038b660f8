"""The trampoline's look at Python values: fields of objects, numbers, elements. See `trampoline.py`."""


def entries(name: str, after: str) -> str:
    """The head of a loop over the record's entries `name`: %e is one; block `after` goes on, block `yes` comes at last."""
    return f"""  %n = call i64 @word(ptr %rec, i64 $h_n_{name})
  %first = call ptr @part(ptr %rec, i64 $h_{name})
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %{after} ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %yes, label %each
each:
  %offset = mul i64 %i, $entry
  %e = getelementptr i64, ptr %first, i64 %offset
  %i.1 = add i64 %i, 1
"""


HELPERS = """
define private ptr @type_of(ptr %x) alwaysinline {
  %at = getelementptr i8, ptr %x, i64 $type
  %type = load ptr, ptr %at
  ret ptr %type
}
define private ptr @body(ptr %x) alwaysinline {
  %at = getelementptr i8, ptr %x, i64 $body
  %body = load ptr, ptr %at
  ret ptr %body
}
define private ptr @pointer(ptr %table, i64 %i) alwaysinline {
  %at = getelementptr ptr, ptr %table, i64 %i
  %p = load ptr, ptr %at
  ret ptr %p
}
define private void @set(ptr %table, i64 %i, ptr %p) alwaysinline {
  %at = getelementptr ptr, ptr %table, i64 %i
  store ptr %p, ptr %at
  ret void
}
define private i64 @word(ptr %at, i64 %offset) alwaysinline {
  %word.at = getelementptr i8, ptr %at, i64 %offset
  %word = load i64, ptr %word.at
  ret i64 %word
}
define private ptr @field(ptr %at, i64 %offset) alwaysinline {
  %field.at = getelementptr i8, ptr %at, i64 %offset
  %p = load ptr, ptr %field.at
  ret ptr %p
}
define private ptr @part(ptr %rec, i64 %offset) alwaysinline {
  %from = call i64 @word(ptr %rec, i64 %offset)
  %p = getelementptr i8, ptr %rec, i64 %from
  ret ptr %p
}
"""

# Whether two different objects (or nulls) are equal numbers or strings of one type, floats bit by bit.
EQUAL = """
define private i1 @equal(ptr %x, ptr %y) #0 {
  %x.null = icmp eq ptr %x, null
  %y.null = icmp eq ptr %y, null
  %null = or i1 %x.null, %y.null
  br i1 %null, label %no, label %types
types:
  %type = call ptr @type_of(ptr %x)
  %type.y = call ptr @type_of(ptr %y)
  %alike = icmp eq ptr %type, %type.y
  br i1 %alike, label %kind, label %no
kind:
  %is.float = icmp eq ptr %type, @float_type
  br i1 %is.float, label %float, label %others
float:
  %a = call ptr @body(ptr %x)
  %b = call ptr @body(ptr %y)
  %same.bits = icmp eq ptr %a, %b
  ret i1 %same.bits
others:
  %is.int = icmp eq ptr %type, @int_type
  %is.str = icmp eq ptr %type, @str_type
  %is.bytes = icmp eq ptr %type, @bytes_type
  %is.text = or i1 %is.str, %is.bytes
  %compared = or i1 %is.int, %is.text
  br i1 %compared, label %compare, label %no
compare:
  %r = call i32 @PyObject_RichCompareBool(ptr %x, ptr %y, i32 2)
  %ok = icmp eq i32 %r, 1
  ret i1 %ok
no:
  ret i1 false
}
"""

# Whether a list has these elements.
LIST_IS = """
define private i1 @list_is(ptr %list, i64 %n, ptr %expected) #0 {
  %size = call i64 @PyList_Size(ptr %list)
  %as.many = icmp eq i64 %size, %n
  br i1 %as.many, label %next, label %no
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %on ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %yes, label %each
each:
  %x = call ptr @PyList_GetItem(ptr %list, i64 %i)
  %y = call ptr @pointer(ptr %expected, i64 %i)
  %is = icmp eq ptr %x, %y
  br i1 %is, label %on, label %look
look:
  %ok = call i1 @equal(ptr %x, ptr %y)
  br i1 %ok, label %on, label %no
on:
  %i.1 = add i64 %i, 1
  br label %next
yes:
  ret i1 true
no:
  ret i1 false
}
"""

# Whether a dict has these keys, in this order.
KEYS_ARE = """
define private i1 @keys_are(ptr %dict, i64 %n, ptr %expected) #0 {
  %at = alloca i64
  %key = alloca ptr
  store i64 0, ptr %at
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %on ]
  %more = call i32 @PyDict_Next(ptr %dict, ptr %at, ptr %key, ptr null)
  %end = icmp eq i32 %more, 0
  %done = icmp eq i64 %i, %n
  %stop = or i1 %end, %done
  br i1 %stop, label %both, label %each
both:
  %together = and i1 %end, %done
  ret i1 %together
each:
  %x = load ptr, ptr %key
  %y = call ptr @pointer(ptr %expected, i64 %i)
  %is = icmp eq ptr %x, %y
  br i1 %is, label %on, label %look
look:
  %ok = call i1 @equal(ptr %x, ptr %y)
  br i1 %ok, label %on, label %no
on:
  %i.1 = add i64 %i, 1
  br label %next
no:
  ret i1 false
}
"""

# Whether an int is the number `want`; none that does not fit 64 bits is.
INT_IS = """
define private i1 @int_is(ptr %x, i64 %want) {
  %over = alloca i32
  %type = call ptr @type_of(ptr %x)
  %is.int = icmp eq ptr %type, @int_type
  br i1 %is.int, label %convert, label %no
convert:
  %n = call i64 @PyLong_AsLongLongAndOverflow(ptr %x, ptr %over)
  %o = load i32, ptr %over
  %fits = icmp eq i32 %o, 0
  %same = icmp eq i64 %n, %want
  %ok = and i1 %fits, %same
  ret i1 %ok
no:
  ret i1 false
}
"""

# Whether a Python number is of the kind wanted; if so it is stored.
NUMBER = """
define private i1 @number(ptr %x, i64 %kind, ptr %to) {
  %over = alloca i32
  %type = call ptr @type_of(ptr %x)
  %is.float = icmp eq ptr %type, @float_type
  br i1 %is.float, label %float, label %not.float
float:
  %bits = call ptr @body(ptr %x)
  store ptr %bits, ptr %to
  %float.ok = icmp ne i64 %kind, $kind_int
  ret i1 %float.ok
not.float:
  %is.int = icmp eq ptr %type, @int_type
  %int.ok = icmp ne i64 %kind, $kind_float
  %go = and i1 %is.int, %int.ok
  br i1 %go, label %int, label %no
int:
  %as.double = icmp eq i64 %kind, $kind_number
  br i1 %as.double, label %double, label %long
double:
  %d = call double @PyLong_AsDouble(ptr %x)
  store double %d, ptr %to
  %maybe.error = fcmp oeq double %d, -1.0
  br i1 %maybe.error, label %error, label %yes
error:
  %err = call ptr @PyErr_Occurred()
  %no.error = icmp eq ptr %err, null
  ret i1 %no.error
long:
  %n = call i64 @PyLong_AsLongLongAndOverflow(ptr %x, ptr %over)
  store i64 %n, ptr %to
  %o = load i32, ptr %over
  %fits = icmp eq i32 %o, 0
  ret i1 %fits
yes:
  ret i1 true
no:
  ret i1 false
}
"""

PIECES = (HELPERS, EQUAL, LIST_IS, KEYS_ARE, INT_IS, NUMBER)
