// The board protocol, version 1: samples of several load cells to the bytes of a serial line.
//
// Plain C++11 without Arduino, so that it is tested on a computer. The bytes are described in docs/scales.md:
// COBS(payload + CRC-16/CCITT-FALSE) and a zero byte, all numbers little endian.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace board {

enum Status : uint8_t { OK = 0, NO_VALUE = 1, SATURATED = 2, FAULT = 3 };

const uint8_t VERSION = 1;
const size_t HEADER = 12;

// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, not reflected; "123456789" gives 0x29B1.
inline uint16_t crc16(const uint8_t *data, size_t length) {
  uint16_t crc = 0xFFFF;
  while (length--) {
    crc ^= static_cast<uint16_t>(*data++) << 8;
    for (uint8_t bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

// Most bytes that `stuff` makes of so many, the zero at the end included.
constexpr size_t stuffed_size(size_t length) { return length + length / 254 + 2; }

// Consistent overhead byte stuffing: writes `length` bytes without any zero, and a zero behind them.
// `out` must not overlap `data` and holds stuffed_size(length) bytes; returns how many were written.
inline size_t stuff(const uint8_t *data, size_t length, uint8_t *out) {
  size_t code_at = 0, end = 1;
  uint8_t code = 1;
  for (size_t at = 0; at < length; ++at) {
    if (data[at] != 0) {
      out[end++] = data[at];
      ++code;
    }
    if (data[at] == 0 || (code == 0xFF && at + 1 < length)) {
      out[code_at] = code;
      code_at = end++;
      code = 1;
    }
  }
  out[code_at] = code;
  out[end++] = 0;
  return end;
}

// Collects evenly spaced samples of `Channels` channels and makes a frame of up to `Samples` of them.
template <uint8_t Channels, uint8_t Samples> class FrameBuilder {
  static_assert(Channels >= 1 && Channels <= 32, "1 to 32 channels");
  static_assert(Samples >= 1 && Samples <= 64, "1 to 64 samples");

public:
  static const size_t PAYLOAD = HEADER + Channels + 4u * Channels * Samples;
  static const size_t ENCODED = stuffed_size(PAYLOAD + 2);

  // `address` differs between the boards of a line; `period_us` is the time between two samples.
  FrameBuilder(uint8_t address, uint16_t period_us) : address_(address), period_us_(period_us) {}

  uint8_t samples() const { return count_; }
  bool full() const { return count_ == Samples; }

  // Add a sample taken at `time_us` of the board's clock; only while the builder is not full.
  // A status holds for a channel in the whole frame: the worst of its samples is sent.
  void add(uint32_t time_us, const int32_t *counts, const Status *status) {
    if (count_ == 0) {
      time_us_ = time_us;
      for (uint8_t channel = 0; channel < Channels; ++channel) {
        status_[channel] = OK;
      }
    }
    for (uint8_t channel = 0; channel < Channels; ++channel) {
      counts_[count_][channel] = counts[channel];
      if (severity(status[channel]) > severity(status_[channel])) {
        status_[channel] = status[channel];
      }
    }
    ++count_;
  }

  // Write the frame of the samples so far and begin the next one. `out` holds ENCODED bytes; returns the length.
  size_t finish(uint8_t *out) {
    uint8_t payload[PAYLOAD + 2];
    uint8_t *to = payload;
    to = put(to, VERSION, 1);
    to = put(to, address_, 1);
    to = put(to, sequence_++, 2);
    to = put(to, time_us_, 4);
    to = put(to, period_us_, 2);
    to = put(to, Channels, 1);
    to = put(to, count_, 1);
    for (uint8_t channel = 0; channel < Channels; ++channel) {
      to = put(to, status_[channel], 1);
    }
    for (uint8_t sample = 0; sample < count_; ++sample) {
      for (uint8_t channel = 0; channel < Channels; ++channel) {
        to = put(to, static_cast<uint32_t>(counts_[sample][channel]), 4);
      }
    }
    to = put(to, crc16(payload, static_cast<size_t>(to - payload)), 2);
    count_ = 0;
    return stuff(payload, static_cast<size_t>(to - payload), out);
  }

private:
  static uint8_t severity(Status status) {
    return status == FAULT ? 3 : status == NO_VALUE ? 2 : status == SATURATED ? 1 : 0;
  }

  static uint8_t *put(uint8_t *to, uint32_t value, uint8_t bytes) {
    while (bytes--) {
      *to++ = static_cast<uint8_t>(value);
      value >>= 8;
    }
    return to;
  }

  uint8_t address_;
  uint16_t period_us_;
  uint16_t sequence_ = 0;
  uint32_t time_us_ = 0;
  uint8_t count_ = 0;
  Status status_[Channels];
  int32_t counts_[Samples][Channels];
};

// Bytes on their way to the line: whole frames, own and relayed ones, one after the other.
template <size_t Size> class Outbox {
public:
  // Take a frame; false, and nothing taken, when there is no room: the listener counts it as lost.
  bool put(const uint8_t *frame, size_t length) {
    if (length > Size - used_) {
      return false;
    }
    for (size_t at = 0; at < length; ++at) {
      bytes_[(first_ + used_++) % Size] = frame[at];
    }
    return true;
  }

  bool empty() const { return used_ == 0; }

  uint8_t take() {
    const uint8_t byte = bytes_[first_];
    first_ = (first_ + 1) % Size;
    --used_;
    return byte;
  }

private:
  uint8_t bytes_[Size];
  size_t first_ = 0, used_ = 0;
};

// Puts together the frames of the boards further up the line; what is too long for a frame is dropped.
template <size_t Size> class Relay {
public:
  // Take a byte; true when it ended a frame, which `frame` and `length` then tell.
  bool push(uint8_t byte) {
    if (done_) {
      length_ = 0;
      done_ = false;
    }
    if (length_ < Size) {
      bytes_[length_] = byte;
    }
    if (length_ <= Size) {
      ++length_;
    }
    if (byte != 0) {
      return false;
    }
    done_ = true;
    return length_ > 1 && length_ <= Size;
  }

  const uint8_t *frame() const { return bytes_; }
  size_t length() const { return length_; }

private:
  uint8_t bytes_[Size];
  size_t length_ = 0;
  bool done_ = false;
};

} // namespace board
