"""The trampoline's look at arrays: are they as planned, and do they share memory. See `trampoline.py`."""

# Whether the array is as the four words from %spec say.
ARRAY_FITS = """
define private i1 @array_fits(ptr %a, ptr %spec) alwaysinline {
  %type.at = getelementptr i8, ptr %a, i64 $type
  %type = load ptr, ptr %type.at
  %is.array = icmp eq ptr %type, @ndarray_type
  br i1 %is.array, label %flags, label %no
flags:
  %axes.at = getelementptr i8, ptr %a, i64 $nd
  %axes = load i32, ptr %axes.at
  %flags.at = getelementptr i8, ptr %a, i64 $flags
  %has = load i32, ptr %flags.at
  %want.axes.at = getelementptr i8, ptr %spec, i64 16
  %want.axes = load i32, ptr %want.axes.at
  %want.flags.at = getelementptr i8, ptr %spec, i64 20
  %want.flags = load i32, ptr %want.flags.at
  %common = and i32 %has, %want.flags
  %same.flags = icmp eq i32 %common, %want.flags
  %same.axes = icmp eq i32 %axes, %want.axes
  %alike = and i1 %same.flags, %same.axes
  br i1 %alike, label %dtype, label %no
dtype:
  %dtype.at = getelementptr i8, ptr %a, i64 $descr
  %d = load ptr, ptr %dtype.at
  %want.d = load ptr, ptr %spec
  %same.dtype = icmp eq ptr %d, %want.d
  br i1 %same.dtype, label %lengths, label %equal.dtype
equal.dtype:
  %number.at = getelementptr i8, ptr %d, i64 $number
  %number = load i32, ptr %number.at
  %first.at = getelementptr i8, ptr %spec, i64 8
  %first = load i32, ptr %first.at
  %second.at = getelementptr i8, ptr %spec, i64 12
  %second = load i32, ptr %second.at
  %is.first = icmp eq i32 %number, %first
  %is.second = icmp eq i32 %number, %second
  %is.number = or i1 %is.first, %is.second
  %order.at = getelementptr i8, ptr %d, i64 $order
  %order = load i8, ptr %order.at
  %native = icmp ne i8 %order, $swapped
  %metadata.at = getelementptr i8, ptr %d, i64 $metadata
  %metadata = load ptr, ptr %metadata.at
  %plain = icmp eq ptr %metadata, null
  %ok.order = and i1 %is.number, %native
  %ok.dtype = and i1 %ok.order, %plain
  br i1 %ok.dtype, label %lengths, label %no
lengths:
  %dims.at = getelementptr i8, ptr %a, i64 $dims
  %dims = load ptr, ptr %dims.at
  %want.dims.at = getelementptr i8, ptr %spec, i64 24
  %want.dims = load ptr, ptr %want.dims.at
  %n = zext i32 %axes to i64
  br label %next
next:
  %i = phi i64 [ 0, %lengths ], [ %i.1, %length ]
  %done = icmp eq i64 %i, %n
  br i1 %done, label %yes, label %length
length:
  %x.at = getelementptr i64, ptr %dims, i64 %i
  %x = load i64, ptr %x.at
  %y.at = getelementptr i64, ptr %want.dims, i64 %i
  %y = load i64, ptr %y.at
  %same = icmp eq i64 %x, %y
  %i.1 = add i64 %i, 1
  br i1 %same, label %next, label %no
yes:
  ret i1 true
no:
  ret i1 false
}
"""

# Whether something is a NumPy scalar of the type that stands in the place of the lengths of a 0-d array. Its memory
# is its own and never changes.
SCALAR_FITS = """
define private i1 @scalar_fits(ptr %x, ptr %spec) alwaysinline {
  %type = call ptr @type_of(ptr %x)
  %want = call ptr @field(ptr %spec, i64 24)
  %same = icmp eq ptr %type, %want
  ret i1 %same
}
"""

# Whether an array of the first list shares memory with another one of the second.
OVERLAP = """
define private i1 @overlap(ptr %slots, ptr %sizes, ptr %list1, i64 %n1, ptr %list2, i64 %n2) #0 {
  br label %outer
outer:
  %i = phi i64 [ 0, %0 ], [ %i.1, %outer.next ]
  %done = icmp eq i64 %i, %n1
  br i1 %done, label %no, label %range
range:
  %s.at = getelementptr i64, ptr %list1, i64 %i
  %s = load i64, ptr %s.at
  %a.at = getelementptr i64, ptr %slots, i64 %s
  %a = load i64, ptr %a.at
  %an.at = getelementptr i64, ptr %sizes, i64 %s
  %an = load i64, ptr %an.at
  %a.end = add i64 %a, %an
  br label %inner
inner:
  %j = phi i64 [ 0, %range ], [ %j.1, %inner.next ]
  %inner.done = icmp eq i64 %j, %n2
  br i1 %inner.done, label %outer.next, label %compare
compare:
  %t.at = getelementptr i64, ptr %list2, i64 %j
  %t = load i64, ptr %t.at
  %b.at = getelementptr i64, ptr %slots, i64 %t
  %b = load i64, ptr %b.at
  %bn.at = getelementptr i64, ptr %sizes, i64 %t
  %bn = load i64, ptr %bn.at
  %b.end = add i64 %b, %bn
  %a.before = icmp ult i64 %a, %b.end
  %b.before = icmp ult i64 %b, %a.end
  %other = icmp ne i64 %s, %t
  %meet = and i1 %a.before, %b.before
  %bad = and i1 %meet, %other
  br i1 %bad, label %yes, label %inner.next
inner.next:
  %j.1 = add i64 %j, 1
  br label %inner
outer.next:
  %i.1 = add i64 %i, 1
  br label %outer
yes:
  ret i1 true
no:
  ret i1 false
}
"""

# Whether n bytes are these.
BYTES_ARE = """
define private i1 @bytes_are(ptr %a, ptr %b, i64 %n) #0 {
  %blocks = and i64 %n, -64
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.1, %block ]
  %done = icmp eq i64 %i, %blocks
  br i1 %done, label %tail, label %block
block:
  %x.at = getelementptr i8, ptr %a, i64 %i
  %x = load <8 x i64>, ptr %x.at, align 1
  %y.at = getelementptr i8, ptr %b, i64 %i
  %y = load <8 x i64>, ptr %y.at, align 1
  %z = xor <8 x i64> %x, %y
  %any = call i64 @llvm.vector.reduce.or.v8i64(<8 x i64> %z)
  %same = icmp eq i64 %any, 0
  %i.1 = add i64 %i, 64
  br i1 %same, label %next, label %no
tail:
  %j = phi i64 [ %blocks, %next ], [ %j.1, %byte ]
  %end = icmp eq i64 %j, %n
  br i1 %end, label %yes, label %byte
byte:
  %p.at = getelementptr i8, ptr %a, i64 %j
  %p = load i8, ptr %p.at
  %q.at = getelementptr i8, ptr %b, i64 %j
  %q = load i8, ptr %q.at
  %same.byte = icmp eq i8 %p, %q
  %j.1 = add i64 %j, 1
  br i1 %same.byte, label %tail, label %no
yes:
  ret i1 true
no:
  ret i1 false
}
declare i64 @llvm.vector.reduce.or.v8i64(<8 x i64>)
"""

PIECES = (ARRAY_FITS, SCALAR_FITS, OVERLAP, BYTES_ARE)
