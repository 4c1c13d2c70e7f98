// A bank of HX711 converters that share one clock line, read all at once.
//
// Plain C++11: the pins come in by `Pins`, so that it is tested on a computer against simulated converters.
// After the data sheet of the HX711 (Avia Semiconductor): the data line falls when a conversion is ready; 24 pulses
// shift it out, most significant bit first, each bit valid after the rising edge; the 25th pulse chooses channel A at
// gain 128 for the next conversion and lets the data line rise. A clock that stays high for 60 us switches it off.
#pragma once

#include <stdint.h>

#include "board_protocol.h"

namespace hx711 {

const int32_t HIGHEST = 0x7FFFFF, LOWEST = -0x800000;

// `Pins` offers bool data(uint8_t chip), void clock(bool high), and void hold() and void release() around the time in
// which the clock is high: an interrupt must not stretch it to 60 us.
template <class Pins, uint8_t Chips> class Bank {
public:
  explicit Bank(Pins &pins) : pins_(pins) {}

  // Whether every converter has a new value.
  bool ready() const {
    for (uint8_t chip = 0; chip < Chips; ++chip) {
      if (pins_.data(chip)) {
        return false;
      }
    }
    return true;
  }

  // Read all converters; one that was not ready gives NO_VALUE. Returns whether any was ready.
  // The clock is shared: a converter that was not ready may become so in the middle of the pulses and lose bits, so its
  // next values are not believed either.
  bool read(int32_t *counts, board::Status *status) {
    bool any = false;
    for (uint8_t chip = 0; chip < Chips; ++chip) {
      const bool fresh = !pins_.data(chip);
      if (!fresh) {
        doubtful_[chip] = DOUBTFUL;
      } else if (doubtful_[chip]) {
        --doubtful_[chip];
      }
      status[chip] = doubtful_[chip] ? board::NO_VALUE : board::OK;
      counts[chip] = 0;
      any = any || fresh;
    }
    if (!any) {
      return false;
    }
    for (uint8_t bit = 0; bit < 24; ++bit) {
      pins_.hold();
      pins_.clock(true);
      for (uint8_t chip = 0; chip < Chips; ++chip) {
        counts[chip] = (counts[chip] << 1) | (pins_.data(chip) ? 1 : 0);
      }
      pins_.clock(false);
      pins_.release();
    }
    pins_.hold();
    pins_.clock(true);
    pins_.clock(false);
    pins_.release();
    for (uint8_t chip = 0; chip < Chips; ++chip) {
      if (status[chip] == board::NO_VALUE) {
        counts[chip] = 0;
        continue;
      }
      if (counts[chip] & 0x800000) {
        counts[chip] -= 0x1000000;
      }
      if (counts[chip] == 0 && !pins_.data(chip)) {
        status[chip] = board::FAULT; // nothing but zeros, and the line did not rise: shorted to ground
      } else if (counts[chip] == HIGHEST || counts[chip] == LOWEST) {
        status[chip] = board::SATURATED;
      }
    }
    return true;
  }

private:
  static const uint8_t DOUBTFUL = 3; // the read that found it not ready, and two more

  Pins &pins_;
  uint8_t doubtful_[Chips] = {};
};

} // namespace hx711
