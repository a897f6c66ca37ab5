// Spikes become arrivals: the event kernel of backend `native`, called by XLA on the CPU.
//
// The same sums in the same order as deliver.py: sources from first to last, the contacts of a
// source as they lie, so both give the same bits (built without contraction of a * b + c). Here
// the slot that was due in this step is emptied too.
//
// Shapes: B lanes, M sources (padded), Q segments a row, S contacts, D slots of the delay ring.

#include <cstdint>
#include <cstring>

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace {

struct Layout {
  int64_t lanes, sources, slots, segments, depth;
};

template <typename Real>
struct Edges {
  const int32_t *start, *target;  // [M Q + 1], [S]
  const Real *scale;              // [M Q]
  const int32_t *delay;           // [M Q] steps
  const Real *weight;             // [S], or null: all 1
  const int32_t *extra;           // [S] steps, or null: all 0
};

// Adds the contacts of one source in one lane; slot D of the ring is due D steps from `next`.
template <typename Real>
void row(const Layout &n, const Edges<Real> &e, Real *ring, int64_t lane, int64_t source,
         int64_t next) {
  for (int64_t q = source * n.segments; q < (source + 1) * n.segments; ++q) {
    const Real scale = e.scale[q];
    const int64_t due = next + e.delay[q];
    Real *at = ring + (due % n.depth * n.lanes + lane) * n.slots;
    const int32_t begin = e.start[q], end = e.start[q + 1];
    if (e.extra != nullptr) {
      for (int32_t j = begin; j < end; ++j) {
        Real *late = ring + ((due + e.extra[j]) % n.depth * n.lanes + lane) * n.slots;
        late[e.target[j]] += e.weight == nullptr ? scale : scale * e.weight[j];
      }
    } else if (e.weight != nullptr) {
      for (int32_t j = begin; j < end; ++j) at[e.target[j]] += scale * e.weight[j];
    } else {
      for (int32_t j = begin; j < end; ++j) at[e.target[j]] += scale;
    }
  }
}

template <typename Real>
void deliver(const Layout &n, const Edges<Real> &e, Real *ring, const uint8_t *flags,
             int64_t next) {
  const int64_t all = n.lanes * n.sources;  // a multiple of 32
  for (int64_t first = 0; first < all; first += 8) {
    uint64_t eight;
    std::memcpy(&eight, flags + first, 8);
    if (eight == 0) continue;
    for (int64_t i = first; i < first + 8; ++i)
      if (flags[i]) row(n, e, ring, i / n.sources, i % n.sources, next);
  }
}

template <ffi::DataType type>
ffi::Error call(ffi::Buffer<type> ring, ffi::Buffer<ffi::U8> flags, ffi::Buffer<ffi::S32> start,
                ffi::Buffer<ffi::S32> target, ffi::Buffer<type> scale,
                ffi::Buffer<ffi::S32> delay, ffi::Buffer<type> weight,
                ffi::Buffer<ffi::S32> extra, ffi::Buffer<ffi::S32> step,
                ffi::ResultBuffer<type> out, int64_t lanes, int64_t slots, int64_t segments,
                int64_t depth) {
  using Real = ffi::NativeType<type>;
  const int64_t sources = static_cast<int64_t>(flags.element_count()) / lanes;
  if (static_cast<int64_t>(ring.element_count()) != depth * lanes * slots || sources % 32 != 0)
    return ffi::Error::InvalidArgument("snnrun: ring or flags of the wrong size");
  if (out->typed_data() != ring.typed_data())
    std::memcpy(out->typed_data(), ring.typed_data(), ring.element_count() * sizeof(Real));
  const Edges<Real> edges{start.typed_data(),
                          target.typed_data(),
                          scale.typed_data(),
                          delay.typed_data(),
                          weight.element_count() ? weight.typed_data() : nullptr,
                          extra.element_count() ? extra.typed_data() : nullptr};
  const int64_t now = step.typed_data()[0], slot = lanes * slots;
  std::memset(out->typed_data() + now % depth * slot, 0, slot * sizeof(Real));
  deliver(Layout{lanes, sources, slots, segments, depth}, edges, out->typed_data(),
          flags.typed_data(), now + 1);
  return ffi::Error::Success();
}

template <ffi::DataType type>
auto binding() {
  return ffi::Ffi::Bind()
      .Arg<ffi::Buffer<type>>()
      .template Arg<ffi::Buffer<ffi::U8>>()
      .template Arg<ffi::Buffer<ffi::S32>>()
      .template Arg<ffi::Buffer<ffi::S32>>()
      .template Arg<ffi::Buffer<type>>()
      .template Arg<ffi::Buffer<ffi::S32>>()
      .template Arg<ffi::Buffer<type>>()
      .template Arg<ffi::Buffer<ffi::S32>>()
      .template Arg<ffi::Buffer<ffi::S32>>()
      .template Ret<ffi::Buffer<type>>()
      .template Attr<int64_t>("lanes")
      .template Attr<int64_t>("slots")
      .template Attr<int64_t>("segments")
      .template Attr<int64_t>("depth");
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(snnrun_deliver_float32, call<ffi::F32>, binding<ffi::F32>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(snnrun_deliver_float64, call<ffi::F64>, binding<ffi::F64>());
