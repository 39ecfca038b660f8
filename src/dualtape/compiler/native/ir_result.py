"""The trampoline after the core: what was written is stamped, stores are made, the result is built. See `trampoline.py`."""

from .ir_values import entries

# One item, a new reference; null with an exception set if memory is short.
ITEM = """
define private ptr @item(ptr %e, ptr %args, ptr %slots, ptr %owned) #0 {
  %kind = load i64, ptr %e
  %w1 = call i64 @word(ptr %e, i64 8)
  %p1 = call ptr @field(ptr %e, i64 8)
  %cls = call ptr @field(ptr %e, i64 16)
  %last = call i64 @word(ptr %e, i64 24)
  %dtype = call ptr @field(ptr %e, i64 32)
  switch i64 %kind, label %object [
    i64 $i_value, label %value
    i64 $i_argument, label %argument
  ]
argument:
  %arg = call ptr @pointer(ptr %args, i64 %w1)
  call void @Py_IncRef(ptr %arg)
  ret ptr %arg
object:
  call void @Py_IncRef(ptr %p1)
  ret ptr %p1
value:
  %is.array = icmp eq ptr %dtype, null
  br i1 %is.array, label %array, label %scalar
scalar:
  %data = call ptr @pointer(ptr %slots, i64 %w1)
  %made = call ptr @NewScalar(ptr %data, ptr %dtype, ptr null)
  %failed = icmp eq ptr %made, null
  br i1 %failed, label %fail, label %have
array:
  %a = call ptr @pointer(ptr %owned, i64 %w1)
  %hand.over = icmp ne i64 %last, 0
  br i1 %hand.over, label %taken, label %shared
taken:
  call void @set(ptr %owned, i64 %w1, ptr null)
  br label %have
shared:
  call void @Py_IncRef(ptr %a)
  br label %have
have:
  %v = phi ptr [ %made, %scalar ], [ %a, %taken ], [ %a, %shared ]
  %bare = icmp eq ptr %cls, null
  br i1 %bare, label %return, label %tensor
return:
  ret ptr %v
tensor:
  %t = call ptr @PyType_GenericAlloc(ptr %cls, i64 0)
  %no.tensor = icmp eq ptr %t, null
  br i1 %no.tensor, label %drop, label %fill
drop:
  call void @Py_DecRef(ptr %v)
  br label %fail
fail:
  ret ptr null
fill:
  %value.at = getelementptr i8, ptr %t, i64 $value
  store ptr %v, ptr %value.at
  %edge.at = getelementptr i8, ptr %t, i64 $edge
  %edge = call ptr @field(ptr %e, i64 40)
  store ptr %edge, ptr %edge.at
  call void @Py_IncRef(ptr %edge)
  %version.at = getelementptr i8, ptr %t, i64 $version
  store ptr @none, ptr %version.at
  call void @Py_IncRef(ptr @none)
  %view.at = getelementptr i8, ptr %t, i64 $view_of
  store ptr @none, ptr %view.at
  call void @Py_IncRef(ptr @none)
  %leaf.at = getelementptr i8, ptr %t, i64 $leaf
  store ptr @none, ptr %leaf.at
  call void @Py_IncRef(ptr @none)
  ret ptr %t
}
"""

# Whether the tensor that a store is to replace takes the new number or array itself: nobody else has it, and it is as it
# was made. What says so is where the entry's last word points to: the number of words that a fresh tensor has, pairs of
# offset and word, then the type and the size of its number if it has one. See `reuse.py`.
STORED_AGAIN = """
define private i1 @stored_again(ptr %e, ptr %slots, ptr %owned) #0 {
  %fresh = call ptr @field(ptr %e, i64 56)
  %never = icmp eq ptr %fresh, null
  br i1 %never, label %no, label %look
look:
  %place = call ptr @field(ptr %e, i64 48)
  %cls = call ptr @field(ptr %e, i64 16)
  %old = call ptr @alone_at(ptr %place, ptr %cls)
  %unfit = icmp eq ptr %old, null
  br i1 %unfit, label %no, label %fields
fields:
  %version = call ptr @field(ptr %old, i64 $version)
  %view = call ptr @field(ptr %old, i64 $view_of)
  %leaf = call ptr @field(ptr %old, i64 $leaf)
  %edge = call ptr @field(ptr %old, i64 $edge)
  %want.edge = call ptr @field(ptr %e, i64 40)
  %v = call ptr @field(ptr %old, i64 $value)
  %no.version = icmp eq ptr %version, @none
  %no.view = icmp eq ptr %view, @none
  %no.leaf = icmp eq ptr %leaf, @none
  %same.edge = icmp eq ptr %edge, %want.edge
  %has.value = icmp ne ptr %v, null
  %f1 = and i1 %no.version, %no.view
  %f2 = and i1 %no.leaf, %same.edge
  %f3 = and i1 %f1, %f2
  %f4 = and i1 %f3, %has.value
  %n = load i64, ptr %fresh
  br i1 %f4, label %words, label %no
words:
  %i = phi i64 [ 0, %fields ], [ %i.1, %word ]
  %p = phi ptr [ %fresh, %fields ], [ %p.1, %word ]
  %all = icmp eq i64 %i, %n
  br i1 %all, label %value, label %word
word:
  %offset = call i64 @word(ptr %p, i64 8)
  %want = call i64 @word(ptr %p, i64 16)
  %have = call i64 @word(ptr %old, i64 %offset)
  %same = icmp eq i64 %have, %want
  %i.1 = add i64 %i, 1
  %p.1 = getelementptr i8, ptr %p, i64 16
  br i1 %same, label %words, label %no
value:
  %slot = call i64 @word(ptr %e, i64 8)
  %number.type = call ptr @field(ptr %p, i64 8)
  %is.array = icmp eq ptr %number.type, null
  br i1 %is.array, label %array, label %number
array:
  %mine = call ptr @pointer(ptr %owned, i64 %slot)
  %the.same = icmp eq ptr %mine, %v
  %last = call i64 @word(ptr %e, i64 24)
  %is.last = icmp ne i64 %last, 0
  %done = and i1 %the.same, %is.last
  br i1 %done, label %drop, label %no
drop:
  call void @set(ptr %owned, i64 %slot, ptr null)
  call void @Py_DecRef(ptr %v)
  ret i1 true
number:
  %v.type = call ptr @type_of(ptr %v)
  %typed.alike = icmp eq ptr %v.type, %number.type
  br i1 %typed.alike, label %number.alone, label %no
number.alone:
  %is.own = call i1 @is_alone(ptr %v)
  br i1 %is.own, label %write, label %no
write:
  %from = call ptr @pointer(ptr %slots, i64 %slot)
  %to = getelementptr i8, ptr %v, i64 $body
  %low = load i64, ptr %from
  %size = call i64 @word(ptr %p, i64 16)
  %large = icmp ugt i64 %size, 8
  store i64 %low, ptr %to
  br i1 %large, label %rest, label %yes
rest:
  %high = call i64 @word(ptr %from, i64 8)
  %to.high = getelementptr i8, ptr %to, i64 8
  store i64 %high, ptr %to.high
  br label %yes
yes:
  ret i1 true
no:
  ret i1 false
}
"""

# Set fields of objects to items; false with an exception set if memory is short.
STORES = (
    """
define private i1 @stores(ptr %rec, ptr %args, ptr %slots, ptr %owned) #0 alwaysinline {
"""
    + entries("stores", "dropped")
    + """  %again = call i1 @stored_again(ptr %e, ptr %slots, ptr %owned)
  br i1 %again, label %dropped, label %make
make:
  %x = call ptr @item(ptr %e, ptr %args, ptr %slots, ptr %owned)
  %failed = icmp eq ptr %x, null
  br i1 %failed, label %no, label %put
put:
  %place = call ptr @field(ptr %e, i64 48)
  %old = load ptr, ptr %place
  store ptr %x, ptr %place
  %empty = icmp eq ptr %old, null
  br i1 %empty, label %dropped, label %drop
drop:
  call void @Py_DecRef(ptr %old)
  br label %dropped
dropped:
  br label %next
yes:
  ret i1 true
no:
  ret i1 false
}
"""
)

# The tensor that an entry is about.
TENSOR = """
define private ptr @tensor(ptr %e, ptr %args) #0 alwaysinline {
  %kind = load i64, ptr %e
  %bound = icmp eq i64 %kind, 0
  br i1 %bound, label %of.plan, label %of.call
of.plan:
  %t = call ptr @field(ptr %e, i64 16)
  ret ptr %t
of.call:
  %is.arg = icmp eq i64 %kind, 1
  br i1 %is.arg, label %of.args, label %of.place
of.place:
  %place = call ptr @field(ptr %e, i64 16)
  %there = load ptr, ptr %place
  ret ptr %there
of.args:
  %k = call i64 @word(ptr %e, i64 16)
  %arg = call ptr @pointer(ptr %args, i64 %k)
  ret ptr %arg
}
"""

# Let the tensors note that they were written to, all at one time; false with an exception set if that fails.
STAMPS = """
define private i1 @stamps(ptr %rec, ptr %args) #0 {
  %n = call i64 @word(ptr %rec, i64 $h_n_stamps)
  %first = call ptr @part(ptr %rec, i64 $h_stamps)
  %version.type = call ptr @field(ptr %rec, i64 $h_version_type)
  %one = call ptr @field(ptr %rec, i64 $h_one)
  %clock = call ptr @field(ptr %rec, i64 $h_clock)
  %time = call ptr @PyIter_Next(ptr %clock)
  %stopped = icmp eq ptr %time, null
  br i1 %stopped, label %fail, label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %on ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %end, label %each
each:
  %offset = mul i64 %i, $entry
  %e = getelementptr i64, ptr %first, i64 %offset
  %i.1 = add i64 %i, 1
  %t = call ptr @tensor(ptr %e, ptr %args)
  %v = call ptr @field(ptr %t, i64 $version)
  %no.version = icmp eq ptr %v, null
  br i1 %no.version, label %call, label %typed
typed:
  %type = call ptr @type_of(ptr %v)
  %usual = icmp eq ptr %type, %version.type
  br i1 %usual, label %count, label %call
count:
  %count.at = getelementptr i8, ptr %v, i64 $version_count
  %old.count = load ptr, ptr %count.at
  %stamp.at = getelementptr i8, ptr %v, i64 $version_stamp
  %old.stamp = load ptr, ptr %stamp.at
  %no.count = icmp eq ptr %old.count, null
  %no.stamp = icmp eq ptr %old.stamp, null
  %unset = or i1 %no.count, %no.stamp
  br i1 %unset, label %call, label %add
add:
  %new.count = call ptr @PyNumber_Add(ptr %old.count, ptr %one)
  %no.sum = icmp eq ptr %new.count, null
  br i1 %no.sum, label %fail.time, label %note
note:
  store ptr %new.count, ptr %count.at
  call void @Py_IncRef(ptr %time)
  store ptr %time, ptr %stamp.at
  call void @Py_DecRef(ptr %old.count)
  call void @Py_DecRef(ptr %old.stamp)
  br label %on
call:
  %f = call ptr @field(ptr %rec, i64 $h_stamp)
  %r = call ptr @PyObject_CallOneArg(ptr %f, ptr %t)
  %no.r = icmp eq ptr %r, null
  br i1 %no.r, label %fail.time, label %called
called:
  call void @Py_DecRef(ptr %r)
  br label %on
on:
  br label %next
end:
  call void @Py_DecRef(ptr %time)
  ret i1 true
fail.time:
  call void @Py_DecRef(ptr %time)
  br label %fail
fail:
  ret i1 false
}
"""

# Hold the values of tensors while the core may run Python code.
PINS = (
    """
define private void @pins(ptr %rec, ptr %args, ptr %owned) #0 alwaysinline {
"""
    + entries("pins", "on")
    + """  %slot = call i64 @word(ptr %e, i64 8)
  %kind = load i64, ptr %e
  %is.kept = icmp eq i64 %kind, 3
  br i1 %is.kept, label %kept, label %value
kept:
  %object = call ptr @field(ptr %e, i64 16)
  %name = call ptr @field(ptr %e, i64 24)
  %x = call ptr @PyObject_GetAttr(ptr %object, ptr %name)
  call void @set(ptr %owned, i64 %slot, ptr %x)
  br label %on
value:
  %t = call ptr @tensor(ptr %e, ptr %args)
  %v = call ptr @field(ptr %t, i64 $value)
  call void @Py_IncRef(ptr %v)
  call void @set(ptr %owned, i64 %slot, ptr %v)
  br label %on
on:
  br label %next
yes:
  ret void
}
"""
)

# The result, a new reference or null.
RESULT = """
define private ptr @result(ptr %rec, ptr %args, ptr %slots, ptr %owned) #0 alwaysinline {
  %kind = call i64 @word(ptr %rec, i64 $h_result)
  %n = call i64 @word(ptr %rec, i64 $h_n_items)
  %first = call ptr @part(ptr %rec, i64 $h_items)
  switch i64 %kind, label %list [
    i64 $r_none, label %none
    i64 $r_one, label %one
    i64 $r_tuple, label %tuple
  ]
none:
  call void @Py_IncRef(ptr @none)
  ret ptr @none
one:
  %x = call ptr @item(ptr %first, ptr %args, ptr %slots, ptr %owned)
  ret ptr %x
tuple:
  %tuple.made = call ptr @PyTuple_New(i64 %n)
  br label %made
list:
  %list.made = call ptr @PyList_New(i64 %n)
  br label %made
made:
  %all = phi ptr [ %tuple.made, %tuple ], [ %list.made, %list ]
  %no.memory = icmp eq ptr %all, null
  br i1 %no.memory, label %fail, label %next
next:
  %i = phi i64 [ 0, %made ], [ %i.1, %placed ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %whole, label %each
each:
  %offset = mul i64 %i, $entry
  %e = getelementptr i64, ptr %first, i64 %offset
  %y = call ptr @item(ptr %e, ptr %args, ptr %slots, ptr %owned)
  %y.failed = icmp eq ptr %y, null
  br i1 %y.failed, label %drop, label %place
place:
  %is.tuple = icmp eq i64 %kind, $r_tuple
  br i1 %is.tuple, label %in.tuple, label %in.list
in.tuple:
  %r1 = call i32 @PyTuple_SetItem(ptr %all, i64 %i, ptr %y)
  br label %placed
in.list:
  %r2 = call i32 @PyList_SetItem(ptr %all, i64 %i, ptr %y)
  br label %placed
placed:
  %i.1 = add i64 %i, 1
  br label %next
whole:
  %as.tuple = icmp eq i64 %kind, $r_tuple
  br i1 %as.tuple, label %return, label %finish
return:
  ret ptr %all
finish:
  %f = call ptr @field(ptr %rec, i64 $h_finish)
  %finished = call ptr @PyObject_CallOneArg(ptr %f, ptr %all)
  call void @Py_DecRef(ptr %all)
  ret ptr %finished
drop:
  call void @Py_DecRef(ptr %all)
  br label %fail
fail:
  ret ptr null
}
"""

PIECES = (TENSOR, ITEM, STORED_AGAIN, STORES, STAMPS, PINS, RESULT)
