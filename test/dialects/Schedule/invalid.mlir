// RUN: ingot-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a place ordinal of at least 0 and at least one byte, found -1 and 64}}
func.func private @buffer(!schedule.buffer<host[-1], transient, 64>)

// -----

// expected-error @+1 {{expected a place ordinal of at least 0 and at least one byte, found 0 and 0}}
func.func private @buffer(!schedule.buffer<host[0], transient, 0>)

// -----

schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{is not allowed in a program: expected operations of the schedule dialect}}
  %c = arith.constant 0 : i32
  %x = schedule.allocate : !schedule.buffer<host[0], transient, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}

// -----

schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{block with no terminator}}
  %x = schedule.allocate : !schedule.buffer<host[0], transient, 64>
}

// -----

schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected a parameter named @w, found none}}
  %w = schedule.constant @w : !schedule.buffer<host[0], constant, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %w columns 16 after %t : !schedule.buffer<host[0], constant, 64>
}

// -----

model.parameter @w : tensor<16xf32> splat 1.0
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected a buffer of lifetime constant, found '!schedule.buffer<host[0], transient, 64>'}}
  %w = schedule.constant @w : !schedule.buffer<host[0], transient, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %w columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}

// -----

func.func @state() {
  // expected-error @+1 {{expected a buffer of lifetime state, found '!schedule.buffer<host[0], transient, 64>'}}
  %k = schedule.state "key" 0 : !schedule.buffer<host[0], transient, 64>
  return
}

// -----

func.func @state() {
  // expected-error @+1 {{expected the part "key" or "value" of a layer, found "query" of 0}}
  %k = schedule.state "query" 0 : !schedule.buffer<host[0], state, 64>
  return
}

// -----

func.func @allocate() {
  // expected-error @+1 {{expected a buffer of lifetime transient, found '!schedule.buffer<host[0], state, 64>'}}
  %k = schedule.allocate : !schedule.buffer<host[0], state, 64>
  return
}

// -----

// expected-error @+1 {{expected at least one byte and an alignment that is a power of two, found 0 and 64}}
schedule.arena @a : host[0], transient, 0 align 64

// -----

// expected-error @+1 {{expected at least one byte and an alignment that is a power of two, found 64 and 48}}
schedule.arena @a : host[0], transient, 64 align 48

// -----

schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected a schedule.arena named @a, found none}}
  %x = schedule.view @a[0] : !schedule.buffer<host[0], transient, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}

// -----

schedule.arena @a : host[0], transient, 128 align 64
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected a buffer in the place and of the lifetime of @a, found '!schedule.buffer<host[0], state, 64>'}}
  %x = schedule.view @a[0] holding "key" 0 : !schedule.buffer<host[0], state, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], state, 64>
}

// -----

schedule.arena @a : host[0], transient, 128 align 64
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected an offset that is a multiple of 64, found 32}}
  %x = schedule.view @a[32] : !schedule.buffer<host[0], transient, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}

// -----

schedule.arena @a : host[0], transient, 128 align 64
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected a range inside of @a (128 bytes), found 64 + 128}}
  %x = schedule.view @a[64] : !schedule.buffer<host[0], transient, 128>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 128>
}

// -----

schedule.arena @a : host[0], transient, 128 align 64
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected a parameter's name on constants, part and layer on state and neither on others}}
  %x = schedule.view @a[0] of @w : !schedule.buffer<host[0], transient, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}

// -----

schedule.arena @a : host[0], state, 128 align 64
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  // expected-error @+1 {{expected the part "key" or "value" of a layer, found "query" of 0}}
  %x = schedule.view @a[0] holding "query" 0 : !schedule.buffer<host[0], state, 64>
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], state, 64>
}

// -----

!disk = !schedule.buffer<disk[0], constant, 64>
func.func @launch(%w: !disk) {
  // expected-error @+1 {{expected buffers that a kernel can read, found one on disk: '!schedule.buffer<disk[0], constant, 64>'}}
  %t = schedule.launch @k(%w : !disk) to () on compute #schedule.partition<rows, 1 x 0>
  return
}

// -----

!constant = !schedule.buffer<host[0], constant, 64>
func.func @launch(%w: !constant) {
  // expected-error @+1 {{expected outputs that may be written, found a constant}}
  %t = schedule.launch @k() to (%w : !constant) on compute #schedule.partition<rows, 1 x 0>
  return
}

// -----

!row = !schedule.buffer<host[0], transient, 64>
func.func @launch(%x: !row) {
  // expected-error @+1 {{expected state buffers after 'updates', found '!schedule.buffer<host[0], transient, 64>'}}
  %t = schedule.launch @k() updates (%x : !row) to () on compute #schedule.partition<rows, 1 x 0>
  return
}

// -----

func.func @launch() {
  // expected-error @+1 {{expected a grain of at least 1, found #schedule.partition<rows, 0 x 0>}}
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 0 x 0>
  return
}

// -----

!row = !schedule.buffer<host[0], transient, 64>
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  %x = schedule.allocate : !row
  // expected-error @+1 {{expected a kernel.function named @k, found none}}
  %t = schedule.launch @k() to () on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !row
}

// -----

!row = !schedule.buffer<host[0], transient, 64>
kernel.function @k(%x: tensor<?x16xf32>) -> tensor<?x16xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.norm_quantize %x : tensor<?x16xf32> to tensor<?x16xf32>
  kernel.return %y : tensor<?x16xf32>
}
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  %x = schedule.allocate : !row
  // expected-error @+1 {{expected 1 inputs and 1 outputs as @k has, found 0 and 1}}
  %t = schedule.launch @k() to (%x : !row) on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !row
}

// -----

!row = !schedule.buffer<host[0], transient, 64>
!state = !schedule.buffer<host[0], state, 64>
kernel.function @k(%x: tensor<?x16xf32>) -> tensor<?x16xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.norm_quantize %x : tensor<?x16xf32> to tensor<?x16xf32>
  kernel.return %y : tensor<?x16xf32>
}
schedule.program @p(!model.step<rows = 8, sequences = 1, wanted = 8>) #kernel.rows<1 to 8> {
  %x = schedule.allocate : !row
  %s = schedule.state "key" 0 : !state
  // expected-error @+1 {{expected the key and the value buffer of 0 caches as @k has, found 1 states}}
  %t = schedule.launch @k(%x : !row) updates (%s : !state) to (%x : !row) on compute #schedule.partition<rows, 1 x 0>
  schedule.return %x columns 16 after %t : !row
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
schedule.program @p(!step) #kernel.rows<1 to 8> {
  %x = schedule.allocate : !schedule.buffer<host[0], transient, 64>
  // expected-error @+1 {{expected a program of one row for #schedule.partition<head_keys, 128 x 3>: rows see different numbers of keys; found #kernel.rows<1 to 8>}}
  %t = schedule.launch @k() to () on compute #schedule.partition<head_keys, 128 x 3>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
schedule.program @p(!step) #kernel.rows<1 to 1> {
  %x = schedule.allocate : !schedule.buffer<host[0], transient, 64>
  // expected-error @+1 {{expected a window of at least one position, and only of head_keys, found window 70 of heads}}
  %t = schedule.launch @k() to () on compute #schedule.partition<heads, 128 x 3, window 70>
  schedule.return %x columns 16 after %t : !schedule.buffer<host[0], transient, 64>
}
