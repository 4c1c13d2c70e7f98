// Frames of the firmware's protocol header: reads address, number of the first frame, time, samples, then the
// statuses and counts of each sample; prints a frame a line in hexadecimal. `crc TEXT` prints a checksum.
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "board_protocol.h"

template <uint8_t Channels, uint8_t Samples> int run(unsigned address, unsigned period) {
  board::FrameBuilder<Channels, Samples> builder(static_cast<uint8_t>(address), static_cast<uint16_t>(period));
  unsigned long time;
  unsigned samples;
  while (std::scanf("%lu %u", &time, &samples) == 2) {
    for (unsigned sample = 0; sample < samples; ++sample) {
      int32_t counts[Channels];
      board::Status status[Channels];
      for (unsigned channel = 0; channel < Channels; ++channel) {
        unsigned code;
        if (std::scanf("%u %" SCNd32, &code, &counts[channel]) != 2) {
          return 1;
        }
        status[channel] = static_cast<board::Status>(code);
      }
      builder.add(static_cast<uint32_t>(time + sample * period), counts, status);
    }
    uint8_t out[decltype(builder)::ENCODED];
    const size_t length = builder.finish(out);
    if (length > sizeof out) {
      return 2;
    }
    for (size_t at = 0; at < length; ++at) {
      std::printf("%02x", out[at]);
    }
    std::printf("\n");
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3) {
    std::printf("%04x\n", board::crc16(reinterpret_cast<uint8_t *>(argv[2]), std::strlen(argv[2])));
    return 0;
  }
  unsigned shape, address, period;
  if (std::scanf("%u %u %u", &shape, &address, &period) != 3) {
    return 1;
  }
  return shape == 0 ? run<1, 2>(address, period) : shape == 1 ? run<4, 6>(address, period) : run<32, 64>(address, period);
}
