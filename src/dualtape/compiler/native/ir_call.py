"""The trampoline's call: fetches, outputs, the core, the result. See `trampoline.py`."""

from .ir_values import entries

# Whether what is written shares no memory. Arrays bound to the plan were compared when they last moved.
DISJOINT = """
define private i1 @disjoint(ptr %rec, ptr %slots) #0 alwaysinline {
  %n = call i64 @word(ptr %rec, i64 $h_n_written)
  %reads.only = icmp eq i64 %n, 0
  br i1 %reads.only, label %yes, label %some
some:
  %sizes = call ptr @part(ptr %rec, i64 $h_sizes)
  %bound = call ptr @part(ptr %rec, i64 $h_bound)
  %n.bound = call i64 @word(ptr %rec, i64 $h_n_bound)
  %dirty.at = getelementptr i8, ptr %rec, i64 $h_dirty
  %dirty = load i64, ptr %dirty.at
  %clean = icmp eq i64 %dirty, 0
  br i1 %clean, label %compare.given, label %compare.bound
compare.bound:
  %wb = call ptr @part(ptr %rec, i64 $h_written_bound)
  %n.wb = call i64 @word(ptr %rec, i64 $h_n_written_bound)
  %bad.bound = call i1 @overlap(ptr %slots, ptr %sizes, ptr %wb, i64 %n.wb, ptr %bound, i64 %n.bound)
  br i1 %bad.bound, label %no, label %clear
clear:
  store i64 0, ptr %dirty.at
  br label %compare.given
compare.given:
  %w = call ptr @part(ptr %rec, i64 $h_written)
  %given = call ptr @part(ptr %rec, i64 $h_given)
  %n.given = call i64 @word(ptr %rec, i64 $h_n_given)
  %bad.given = call i1 @overlap(ptr %slots, ptr %sizes, ptr %w, i64 %n, ptr %given, i64 %n.given)
  br i1 %bad.given, label %no, label %compare.written
compare.written:
  %wg = call ptr @part(ptr %rec, i64 $h_written_given)
  %n.wg = call i64 @word(ptr %rec, i64 $h_n_written_given)
  %bad = call i1 @overlap(ptr %slots, ptr %sizes, ptr %wg, i64 %n.wg, ptr %bound, i64 %n.bound)
  br i1 %bad, label %no, label %yes
yes:
  ret i1 true
no:
  ret i1 false
}
"""

# Drop what the call owns (an array that was handed over is not in the table any more).
RELEASE = """
define private void @release(ptr %owned, i64 %n) #0 alwaysinline {
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %dropped ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %end, label %each
each:
  %x = call ptr @pointer(ptr %owned, i64 %i)
  %i.1 = add i64 %i, 1
  %gone = icmp eq ptr %x, null
  br i1 %gone, label %dropped, label %drop
drop:
  call void @Py_DecRef(ptr %x)
  br label %dropped
dropped:
  br label %next
end:
  ret void
}
"""

# Fetch what is fetched at each call; false with an exception set if that fails.
FETCHES = (
    """
define private i1 @fetches(ptr %rec, ptr %slots, ptr %owned) #0 {
"""
    + entries("fetches", "fetched")
    + """  %f = call ptr @field(ptr %e, i64 16)
  %got = call ptr @PyObject_CallNoArgs(ptr %f)
  %failed = icmp eq ptr %got, null
  br i1 %failed, label %no, label %look
look:
  %slot = call i64 @word(ptr %e, i64 8)
  call void @set(ptr %owned, i64 %slot, ptr %got)
  %spec = getelementptr i8, ptr %e, i64 32
  %fits = call i1 @array_fits(ptr %got, ptr %spec)
  br i1 %fits, label %fetched, label %unfit
fetched:
  %data = call ptr @body(ptr %got)
  call void @set(ptr %slots, i64 %slot, ptr %data)
  br label %next
unfit:
  %refuse = call ptr @field(ptr %e, i64 24)
  %refused = call ptr @PyObject_CallOneArg(ptr %refuse, ptr %got)
  br label %no
yes:
  ret i1 true
no:
  ret i1 false
}
"""
)

# The array of the tensor that an output's tensor will take the place of, if nobody else has either; else null. A
# training step makes the gradients anew each time, and finds those of the last step where it puts them.
USED_AGAIN = """
define private ptr @used_again(ptr %e) #0 {
  %place = call ptr @field(ptr %e, i64 16)
  %no.place = icmp eq ptr %place, null
  br i1 %no.place, label %no, label %look
look:
  %cls = call ptr @field(ptr %e, i64 24)
  %old = call ptr @alone_at(ptr %place, ptr %cls)
  %unfit = icmp eq ptr %old, null
  br i1 %unfit, label %no, label %held
held:
  %a = call ptr @field(ptr %old, i64 $value)
  %set = icmp ne ptr %a, null
  br i1 %set, label %array, label %no
array:
  %array.alone = call i1 @is_alone(ptr %a)
  %spec = getelementptr i8, ptr %e, i64 32
  br i1 %array.alone, label %fit, label %no
fit:
  %fits = call i1 @array_fits(ptr %a, ptr %spec)
  br i1 %fits, label %weak, label %no
weak:
  %references = call ptr @field(ptr %a, i64 $weak)
  %none = icmp eq ptr %references, null
  br i1 %none, label %yes, label %no
yes:
  call void @Py_IncRef(ptr %a)
  ret ptr %a
no:
  ret ptr null
}
; The object at a place, if it is exactly of a class and nobody else has it; else null.
define private ptr @alone_at(ptr %place, ptr %cls) alwaysinline {
  %old = load ptr, ptr %place
  %empty = icmp eq ptr %old, null
  br i1 %empty, label %no, label %typed
typed:
  %type = call ptr @type_of(ptr %old)
  %same = icmp eq ptr %type, %cls
  br i1 %same, label %counted, label %no
counted:
  %alone = call i1 @is_alone(ptr %old)
  br i1 %alone, label %yes, label %no
yes:
  ret ptr %old
no:
  ret ptr null
}
define private i1 @is_alone(ptr %x) alwaysinline {
  %at = getelementptr i8, ptr %x, i64 $count
  %n = load i32, ptr %at
  %one = icmp eq i32 %n, 1
  ret i1 %one
}
"""

# Make the arrays that the core fills; false with an exception set if memory is short.
OUTPUTS = (
    """
define private i1 @outputs(ptr %rec, ptr %slots, ptr %owned, ptr %numbers) #0 alwaysinline {
"""
    + entries("outputs", "made")
    + """  %slot = call i64 @word(ptr %e, i64 8)
  %is.scalar = load i64, ptr %e
  %is.array = icmp eq i64 %is.scalar, 0
  br i1 %is.array, label %array, label %scalar
scalar:
  %place = getelementptr [2 x i64], ptr %numbers, i64 %slot
  br label %made
array:
  %old = call ptr @used_again(ptr %e)
  %fresh = icmp eq ptr %old, null
  br i1 %fresh, label %new, label %owning
new:
  %descr = call ptr @field(ptr %e, i64 32)
  %axes.at = getelementptr i8, ptr %e, i64 48
  %axes = load i32, ptr %axes.at
  %lengths = call ptr @field(ptr %e, i64 56)
  call void @Py_IncRef(ptr %descr)
  %a = call ptr @NewArray(ptr @ndarray_type, ptr %descr, i32 %axes, ptr %lengths, ptr null, ptr null, i32 0, ptr null)
  %failed = icmp eq ptr %a, null
  br i1 %failed, label %no, label %owning
owning:
  %x = phi ptr [ %old, %array ], [ %a, %new ]
  call void @set(ptr %owned, i64 %slot, ptr %x)
  %body = call ptr @body(ptr %x)
  br label %made
made:
  %data = phi ptr [ %place, %scalar ], [ %body, %owning ]
  call void @set(ptr %slots, i64 %slot, ptr %data)
  br label %next
yes:
  ret i1 true
no:
  ret i1 false
}
"""
)

# A call that is as planned: the result, or null with an exception set.
PROCEED = """
define private ptr @proceed(ptr %rec, ptr %args, ptr %slots, ptr %owned, ptr %numbers) #0 alwaysinline {
  call void @pins(ptr %rec, ptr %args, ptr %owned)
  %n.stamps = call i64 @word(ptr %rec, i64 $h_n_stamps)
  %no.stamps = icmp eq i64 %n.stamps, 0
  %made = call i1 @outputs(ptr %rec, ptr %slots, ptr %owned, ptr %numbers)
  br i1 %made, label %run, label %fail
run:
  %core = call ptr @field(ptr %rec, i64 $h_core)
  %status = call i32 %core(ptr %slots)
  %ok = icmp eq i32 %status, 0
  br i1 %no.stamps, label %ran, label %stamp
stamp:
  %stamped = call i1 @stamps(ptr %rec, ptr %args)
  br i1 %stamped, label %ran, label %fail
ran:
  br i1 %ok, label %store, label %report
store:
  %stored = call i1 @stores(ptr %rec, ptr %args, ptr %slots, ptr %owned)
  br i1 %stored, label %build, label %fail
build:
  %r = call ptr @result(ptr %rec, ptr %args, ptr %slots, ptr %owned)
  ret ptr %r
report:
  %raised = call ptr @PyErr_Occurred()
  %told.already = icmp ne ptr %raised, null
  br i1 %told.already, label %fail, label %number
number:
  %status.long = sext i32 %status to i64
  %status.object = call ptr @PyLong_FromLongLong(i64 %status.long)
  %number.error = icmp eq ptr %status.object, null
  br i1 %number.error, label %fail, label %tell
tell:
  %on.status = call ptr @field(ptr %rec, i64 $h_on_status)
  %told = call ptr @PyObject_CallOneArg(ptr %on.status, ptr %status.object)
  call void @Py_DecRef(ptr %status.object)
  ret ptr %told
fail:
  ret ptr null
}
"""

# The built-in function: tables, checks, fetches and checks again, then the call or the slow callable.
TRAMPOLINE = """
define ptr @trampoline(ptr %self, ptr %args, i64 %n.args, ptr %names) #0 {
  %stack = alloca [$table x i64], align 16
  %rec.array = call ptr @field(ptr %self, i64 $items)
  %rec = call ptr @body(ptr %rec.array)
  %want.args = call i64 @word(ptr %rec, i64 $h_arguments)
  %as.many = icmp eq i64 %n.args, %want.args
  %no.names = icmp eq ptr %names, null
  %plain = and i1 %as.many, %no.names
  br i1 %plain, label %tables, label %slow
tables:
  %alone.at = getelementptr i8, ptr %rec, i64 $h_alone
  %alone = load i64, ptr %alone.at
  %busy.at = getelementptr i8, ptr %rec, i64 $h_busy
  %busy = load i64, ptr %busy.at
  %idle = icmp eq i64 %busy, 0
  br i1 %idle, label %enter, label %slow
enter:
  store i64 %alone, ptr %busy.at
  %n = call i64 @word(ptr %rec, i64 $h_slots)
  %n.fetches = call i64 @word(ptr %rec, i64 $h_n_fetches)
  %no.fetches = icmp eq i64 %n.fetches, 0
  %small = icmp ule i64 %n, $on_stack
  br i1 %small, label %begin, label %large
large:
  %bytes = mul i64 %n, 32
  %heap = call ptr @PyMem_Malloc(i64 %bytes)
  %no.heap = icmp eq ptr %heap, null
  br i1 %no.heap, label %no.memory, label %begin
no.memory:
  store i64 0, ptr %busy.at
  %e = call ptr @PyErr_NoMemory()
  ret ptr null
begin:
  %slots = phi ptr [ %stack, %enter ], [ %heap, %large ]
  %owned = getelementptr i64, ptr %slots, i64 %n
  %numbers = getelementptr i64, ptr %owned, i64 %n
  %template = call ptr @part(ptr %rec, i64 $h_template)
  br label %copy
copy:
  %i = phi i64 [ 0, %begin ], [ %i.1, %copy.one ]
  %copied = icmp eq i64 %i, %n
  br i1 %copied, label %check, label %copy.one
copy.one:
  %x = call ptr @pointer(ptr %template, i64 %i)
  call void @set(ptr %slots, i64 %i, ptr %x)
  call void @set(ptr %owned, i64 %i, ptr null)
  %i.1 = add i64 %i, 1
  br label %copy
check:
  %fetched = phi i1 [ %no.fetches, %copy ], [ true, %fetch ]
  %again = phi i1 [ false, %copy ], [ true, %fetch ]
  %fit = call i1 @checks(ptr %rec, ptr %args, ptr %slots, ptr %numbers)
  br i1 %fit, label %check.disjoint, label %misfit
check.disjoint:
  %apart = call i1 @disjoint(ptr %rec, ptr %slots)
  br i1 %apart, label %fits, label %misfit
fits:
  br i1 %fetched, label %go, label %fetch
fetch:
  %got = call i1 @fetches(ptr %rec, ptr %slots, ptr %owned)
  br i1 %got, label %check, label %end
go:
  %r = call ptr @proceed(ptr %rec, ptr %args, ptr %slots, ptr %owned, ptr %numbers)
  br label %end
misfit:
  call void @PyErr_Clear()
  br i1 %again, label %changed, label %misfit.end
changed:
  %complain = call ptr @field(ptr %rec, i64 $h_changed)
  %complained = call ptr @PyObject_CallNoArgs(ptr %complain)
  br label %end
end:
  %back = phi ptr [ null, %fetch ], [ %r, %go ], [ %complained, %changed ]
  store i64 0, ptr %busy.at
  call void @release(ptr %owned, i64 %n)
  br i1 %small, label %return, label %free
free:
  call void @PyMem_Free(ptr %slots)
  br label %return
return:
  ret ptr %back
misfit.end:
  store i64 0, ptr %busy.at
  br i1 %small, label %slow, label %misfit.free
misfit.free:
  call void @PyMem_Free(ptr %slots)
  br label %slow
slow:
  %f = call ptr @field(ptr %rec, i64 $h_slow)
  ; It may be exchanged while it runs.
  call void @Py_IncRef(ptr %f)
  %s = call ptr @PyObject_Vectorcall(ptr %f, ptr %args, i64 %n.args, ptr %names)
  call void @Py_DecRef(ptr %f)
  ret ptr %s
}
"""

PIECES = (DISJOINT, RELEASE, FETCHES, USED_AGAIN, OUTPUTS, PROCEED, TRAMPOLINE)
