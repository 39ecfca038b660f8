"""The trampoline's checks: guards, numbers and arrays, each an entry of the record. See `trampoline.py`."""

# Whether everything is as planned; if so the table of pointers is filled, but for fetches and outputs. See
# `places.py` on the words that are looked at first.
CHECKS = """
define private i1 @checks(ptr %rec, ptr %args, ptr %slots, ptr %numbers) #0 alwaysinline {
  %n.words = call i64 @word(ptr %rec, i64 $h_n_words)
  %words = call ptr @field(ptr %rec, i64 $h_words)
  %behind = getelementptr [2 x i64], ptr %words, i64 %n.words
  br label %next
next:
  %at = phi ptr [ %words, %0 ], [ %at.1, %look ]
  %done = icmp eq ptr %at, %behind
  br i1 %done, label %quick, label %look
look:
  %place = load ptr, ptr %at
  %want = call i64 @word(ptr %at, i64 8)
  %is = load i64, ptr %place
  %same = icmp eq i64 %is, %want
  %at.1 = getelementptr i8, ptr %at, i64 16
  br i1 %same, label %next, label %full
quick:
  %n = call i64 @word(ptr %rec, i64 $h_n_checks)
  %first = call ptr @part(ptr %rec, i64 $h_checks)
  %good = call i1 @entries_hold(ptr %rec, ptr %args, ptr %slots, ptr %numbers, ptr %first, i64 %n, i1 true)
  ret i1 %good
full:
  %slowly = call i1 @checks_one_by_one(ptr %rec, ptr %args, ptr %slots, ptr %numbers)
  ret i1 %slowly
}
define private i1 @checks_one_by_one(ptr %rec, ptr %args, ptr %slots, ptr %numbers) #0 {
  %n = call i64 @word(ptr %rec, i64 $h_n_checks)
  %first = call ptr @part(ptr %rec, i64 $h_checks)
  %n.full = call i64 @word(ptr %rec, i64 $h_n_full)
  %first.full = call ptr @part(ptr %rec, i64 $h_full)
  %hold = call i1 @entries_hold(ptr %rec, ptr %args, ptr %slots, ptr %numbers, ptr %first.full, i64 %n.full, i1 false)
  br i1 %hold, label %find, label %no
find:
  %finder = call ptr @field(ptr %rec, i64 $h_find)
  %no.finder = icmp eq ptr %finder, null
  br i1 %no.finder, label %rest, label %found
found:
  %r = call ptr @PyObject_CallNoArgs(ptr %finder)
  %failed = icmp eq ptr %r, null
  br i1 %failed, label %no, label %again
again:
  call void @Py_DecRef(ptr %r)
  ; Python has run: somebody may have changed something.
  %still = call i1 @entries_hold(ptr %rec, ptr %args, ptr %slots, ptr %numbers, ptr %first.full, i64 %n.full, i1 false)
  br i1 %still, label %rest, label %no
rest:
  %good = call i1 @entries_hold(ptr %rec, ptr %args, ptr %slots, ptr %numbers, ptr %first, i64 %n, i1 false)
  ret i1 %good
no:
  ret i1 false
}
define private i1 @entries_hold(ptr %rec, ptr %args, ptr %slots, ptr %numbers, ptr %first, i64 %n, i1 %quick) #0 {
  %found = alloca ptr
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %good ]
  %e = phi ptr [ %first, %0 ], [ %e.1, %good ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %yes, label %entry
entry:
  %kind = load i64, ptr %e
  %w1 = call i64 @word(ptr %e, i64 8)
  %p1 = call ptr @field(ptr %e, i64 8)
  %w2 = call i64 @word(ptr %e, i64 16)
  %p2 = call ptr @field(ptr %e, i64 16)
  %w3 = call i64 @word(ptr %e, i64 24)
  %p3 = call ptr @field(ptr %e, i64 24)
  %spec = getelementptr i8, ptr %e, i64 32
  switch i64 %kind, label %no [
    i64 $c_arg_is, label %arg.is
    i64 $c_arg_type, label %arg.type
    i64 $c_arg_equals, label %arg.equals
    i64 $c_dict_item, label %dict.item
    i64 $c_attribute_item, label %attribute.item
    i64 $c_word_is, label %word.is
    i64 $c_word_is_not, label %word.is.not
    i64 $c_context_is, label %context.is
    i64 $c_list_is, label %list.is
    i64 $c_keys_are, label %keys.are
    i64 $c_numbers_are, label %numbers.are
    i64 $c_live, label %live
    i64 $c_arg_float, label %arg.float
    i64 $c_arg_array, label %arg.array
    i64 $c_arg_tensor, label %arg.tensor
    i64 $c_state, label %state
    i64 $c_held, label %held
    i64 $c_kept, label %kept
  ]
arg.is:
  %is.x = call ptr @pointer(ptr %args, i64 %w1)
  %is.ok = icmp eq ptr %is.x, %p2
  br i1 %is.ok, label %good, label %no
arg.type:
  %type.x = call ptr @pointer(ptr %args, i64 %w1)
  %type.t = call ptr @type_of(ptr %type.x)
  %type.ok = icmp eq ptr %type.t, %p2
  br i1 %type.ok, label %good, label %no
arg.equals:
  %eq.x = call ptr @pointer(ptr %args, i64 %w1)
  br label %same
dict.item:
  %di.x = call ptr @PyDict_GetItemWithError(ptr %p1, ptr %p2)
  br label %same
attribute.item:
  %ai.dict = call ptr @PyObject_GenericGetDict(ptr %p1, ptr null)
  %ai.none = icmp eq ptr %ai.dict, null
  br i1 %ai.none, label %no, label %attribute.item.look
attribute.item.look:
  %ai.x = call ptr @PyDict_GetItemWithError(ptr %ai.dict, ptr %p2)
  call void @Py_DecRef(ptr %ai.dict)
  br label %same
word.is:
  %wi.x = load ptr, ptr %p1
  br label %same
same:
  %sa.x = phi ptr [ %eq.x, %arg.equals ], [ %di.x, %dict.item ], [ %ai.x, %attribute.item.look ], [ %wi.x, %word.is ]
  %sa.y = phi ptr [ %p2, %arg.equals ], [ %p3, %dict.item ], [ %p3, %attribute.item.look ], [ %p2, %word.is ]
  %sa.is = icmp eq ptr %sa.x, %sa.y
  br i1 %sa.is, label %good, label %equal
equal:
  %sa.ok = call i1 @equal(ptr %sa.x, ptr %sa.y)
  br i1 %sa.ok, label %good, label %no
word.is.not:
  %wn.x = load ptr, ptr %p1
  %wn.set = icmp ne ptr %wn.x, null
  %wn.other = icmp ne ptr %wn.x, %p2
  %wn.ok = and i1 %wn.set, %wn.other
  br i1 %wn.ok, label %good, label %no
list.is:
  %ls.ok = call i1 @list_is(ptr %p1, i64 %w2, ptr %p3)
  br i1 %ls.ok, label %good, label %no
keys.are:
  %ks.ok = call i1 @keys_are(ptr %p1, i64 %w2, ptr %p3)
  br i1 %ks.ok, label %good, label %no
numbers.are:
  %ns.fits = call i1 @array_fits(ptr %p1, ptr %spec)
  br i1 %ns.fits, label %numbers.compare, label %no
numbers.compare:
  %ns.data = call ptr @body(ptr %p1)
  %ns.ok = call i1 @bytes_are(ptr %ns.data, ptr %p2, i64 %w3)
  br i1 %ns.ok, label %good, label %no
context.is:
  store ptr null, ptr %found
  %ci.r = call i32 @PyContextVar_Get(ptr %p1, ptr null, ptr %found)
  %ci.x = load ptr, ptr %found
  %ci.none = icmp eq ptr %ci.x, null
  br i1 %ci.none, label %no, label %context.is.look
context.is.look:
  call void @Py_DecRef(ptr %ci.x)
  %ci.is = icmp eq ptr %ci.x, %p2
  br i1 %ci.is, label %good, label %context.is.value
context.is.value:
  %ci.ok = call i1 @int_is(ptr %ci.x, i64 %w3)
  br i1 %ci.ok, label %good, label %no
live:
  %li.known.at = getelementptr i8, ptr %e, i64 $place
  %li.known = load ptr, ptr %li.known.at
  %li.placed = icmp ne ptr %li.known, null
  %li.quick = and i1 %quick, %li.placed
  br i1 %li.quick, label %live.there, label %live.ask
live.there:
  %li.there = load ptr, ptr %li.known
  br label %live.have
live.ask:
  %li.asked = call ptr @PyDict_GetItemWithError(ptr %p2, ptr %p3)
  br label %live.have
live.have:
  %li.x = phi ptr [ %li.there, %live.there ], [ %li.asked, %live.ask ]
  %li.none = icmp eq ptr %li.x, null
  %li.kind = load i64, ptr %spec
  br i1 %li.none, label %no, label %read.number
arg.float:
  %af.x = call ptr @pointer(ptr %args, i64 %w2)
  br label %read.number
read.number:
  %rn.x = phi ptr [ %li.x, %live.have ], [ %af.x, %arg.float ]
  %rn.kind = phi i64 [ %li.kind, %live.have ], [ $kind_float, %arg.float ]
  %rn.to = getelementptr [2 x i64], ptr %numbers, i64 %w1
  call void @set(ptr %slots, i64 %w1, ptr %rn.to)
  %rn.ok = call i1 @number(ptr %rn.x, i64 %rn.kind, ptr %rn.to)
  br i1 %rn.ok, label %good, label %no
arg.array:
  %aa.x = call ptr @pointer(ptr %args, i64 %w2)
  br label %read.array
arg.tensor:
  %at.k = and i64 %w2, 4294967295
  %at.k.asked = lshr i64 %w2, 32
  %at.arg = call ptr @pointer(ptr %args, i64 %at.k)
  br label %tensor
held:
  %he.x = load ptr, ptr %p2
  %he.unset = icmp eq ptr %he.x, null
  br i1 %he.unset, label %no, label %tensor
tensor:
  %at.x = phi ptr [ %at.arg, %arg.tensor ], [ %he.x, %held ]
  %at.asked = phi i64 [ %at.k.asked, %arg.tensor ], [ $apart, %held ]
  %at.t = call ptr @type_of(ptr %at.x)
  %at.typed = icmp eq ptr %at.t, %p3
  br i1 %at.typed, label %arg.tensor.edge, label %no
arg.tensor.edge:
  %at.edge = call ptr @field(ptr %at.x, i64 $edge)
  %at.leaf = icmp eq ptr %at.edge, @none
  %at.edge.asked = and i64 %at.asked, $without_edge
  %at.any.edge = icmp eq i64 %at.edge.asked, 0
  %at.edge.ok = or i1 %at.leaf, %at.any.edge
  %at.history.asked = and i64 %at.asked, $with_edge
  %at.no.history.asked = icmp eq i64 %at.history.asked, 0
  %at.edge.set = icmp ne ptr %at.edge, null
  %at.edge.own = xor i1 %at.leaf, true
  %at.history = and i1 %at.edge.set, %at.edge.own
  %at.history.ok = or i1 %at.history, %at.no.history.asked
  %at.edges.ok = and i1 %at.edge.ok, %at.history.ok
  br i1 %at.edges.ok, label %arg.tensor.view, label %no
arg.tensor.view:
  %at.view = call ptr @field(ptr %at.x, i64 $view_of)
  %at.own = icmp eq ptr %at.view, @none
  br i1 %at.own, label %arg.tensor.value, label %arg.tensor.views
arg.tensor.views:
  %at.view.asked = and i64 %at.asked, $without_view
  %at.any.view = icmp eq i64 %at.view.asked, 0
  %at.view.set = icmp ne ptr %at.view, null
  %at.look = and i1 %at.any.view, %at.view.set
  br i1 %at.look, label %arg.tensor.view.type, label %no
arg.tensor.view.type:
  %at.view.type = call ptr @type_of(ptr %at.view)
  %at.view.typed = icmp eq ptr %at.view.type, @view_type
  %at.base = call ptr @field(ptr %at.view, i64 $view_base)
  %at.base.set = icmp ne ptr %at.base, null
  %at.base.look = and i1 %at.view.typed, %at.base.set
  br i1 %at.base.look, label %arg.tensor.base, label %no
arg.tensor.base:
  %at.then = call ptr @field(ptr %at.view, i64 $view_base_edge)
  %at.now = call ptr @field(ptr %at.base, i64 $edge)
  %at.current = icmp eq ptr %at.then, %at.now
  br i1 %at.current, label %arg.tensor.value, label %no
arg.tensor.value:
  %at.value = call ptr @field(ptr %at.x, i64 $value)
  %at.unset = icmp eq ptr %at.value, null
  br i1 %at.unset, label %no, label %read.array
kept:
  %ke.x = call ptr @PyObject_GetAttr(ptr %p2, ptr %p3)
  %ke.unset = icmp eq ptr %ke.x, null
  br i1 %ke.unset, label %no, label %kept.count
kept.count:
  %ke.count.at = getelementptr i8, ptr %ke.x, i64 $count
  %ke.count = load i32, ptr %ke.count.at
  call void @Py_DecRef(ptr %ke.x)
  %ke.flags = call i64 @word(ptr %spec, i64 16)
  %ke.written = and i64 %ke.flags, $written
  %ke.read = icmp eq i64 %ke.written, 0
  br i1 %ke.read, label %read.array, label %kept.alone
kept.alone:
  ; The object's dict has one reference, and the look at it had the other.
  %ke.alone = icmp eq i32 %ke.count, 2
  br i1 %ke.alone, label %kept.reader, label %no
kept.reader:
  %ke.name = call ptr @field(ptr %rec, i64 $h_reader)
  %ke.reader = call ptr @PyObject_GetAttr(ptr %p2, ptr %ke.name)
  %ke.no.reader = icmp eq ptr %ke.reader, null
  br i1 %ke.no.reader, label %no, label %kept.unread
kept.unread:
  call void @Py_DecRef(ptr %ke.reader)
  %ke.unread = icmp eq ptr %ke.reader, @none
  br i1 %ke.unread, label %read.array, label %no
read.array:
  %ra.x = phi ptr [ %aa.x, %arg.array ], [ %at.value, %arg.tensor.value ], [ %ke.x, %kept.count ], [ %ke.x, %kept.unread ]
  %ra.ok = call i1 @array_fits(ptr %ra.x, ptr %spec)
  br i1 %ra.ok, label %store.array, label %scalar
scalar:
  %sc.ok = call i1 @scalar_fits(ptr %ra.x, ptr %spec)
  %sc.data = getelementptr i8, ptr %ra.x, i64 $body
  call void @set(ptr %slots, i64 %w1, ptr %sc.data)
  br i1 %sc.ok, label %good, label %no
store.array:
  %sa.data = call ptr @body(ptr %ra.x)
  call void @set(ptr %slots, i64 %w1, ptr %sa.data)
  br label %good
state:
  %st.x = load ptr, ptr %p2
  %st.unset = icmp eq ptr %st.x, null
  br i1 %st.unset, label %no, label %state.array
state.array:
  %st.ok = call i1 @array_fits(ptr %st.x, ptr %spec)
  %st.body = call ptr @body(ptr %st.x)
  br i1 %st.ok, label %state.data, label %state.scalar
state.scalar:
  %ss.ok = call i1 @scalar_fits(ptr %st.x, ptr %spec)
  %ss.data = getelementptr i8, ptr %st.x, i64 $body
  br i1 %ss.ok, label %state.data, label %no
state.data:
  %st.data = phi ptr [ %st.body, %state.array ], [ %ss.data, %state.scalar ]
  call void @set(ptr %slots, i64 %w1, ptr %st.data)
  %st.still = icmp eq ptr %st.data, %p3
  br i1 %st.still, label %good, label %state.moved
state.moved:
  %st.last = getelementptr i8, ptr %e, i64 24
  store ptr %st.data, ptr %st.last
  %st.dirty = getelementptr i8, ptr %rec, i64 $h_dirty
  store i64 1, ptr %st.dirty
  br label %good
good:
  %i.1 = add i64 %i, 1
  %e.1 = getelementptr i64, ptr %e, i64 $entry
  br label %next
yes:
  ret i1 true
no:
  ret i1 false
}
"""

PIECES = (CHECKS,)
