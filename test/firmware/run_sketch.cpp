// Runs the sketch against simulated HX711 converters, written from the data sheet: prints the bytes of its line.
//
//   run_sketch SECONDS [chip=K:STATE]... [stall=AT:SECONDS] < bytes from the board further up the line
//
// STATE is absent, shorted, high, low or late (it converts at 10 instead of 80 samples a second). Converter k gives
// 100000 k + n in its n-th conversion.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>

#include "Arduino.h"
#include "hx711_board.ino"

namespace {

uint64_t now_ns = 4294967295ull * 1000 - 2000000000ull; // micros() wraps after two seconds
uint64_t clock_rose_ns = 0;
bool clock_high = false;
bool held = false;
unsigned failures = 0;

void fail(const char *text) {
  if (failures++ == 0) {
    std::fprintf(stderr, "%s\n", text);
  }
}

struct Chip {
  std::string state = "well";
  uint64_t period_ns = 12500000, next_ns = 0;
  uint32_t conversions = 0;
  uint32_t word = 0;    // what is shifted out
  uint8_t pulses = 0;   // since the conversion was ready
  bool has_word = false;
  bool level = true;    // of the data line

  void advance(uint8_t index) {
    if (state == "absent" || state == "shorted") {
      level = state == "absent";
      return;
    }
    while (now_ns >= next_ns) {
      next_ns += period_ns;
      if (pulses > 0 && pulses < 25) {
        continue; // it does not convert while it is read
      }
      ++conversions;
      const int32_t value = state == "high"  ? 0x7FFFFF
                            : state == "low" ? -0x800000
                                             : 100000 * index + static_cast<int32_t>(conversions);
      word = static_cast<uint32_t>(value) & 0xFFFFFF;
      pulses = 0;
      has_word = true;
      level = false;
    }
  }

  void rise() {
    if (state == "absent" || state == "shorted" || !has_word) {
      return;
    }
    ++pulses;
    if (pulses <= 24) {
      level = (word >> (24 - pulses)) & 1;
    } else {
      level = true; // the 25th pulse: channel A, gain 128
      has_word = false;
    }
    if (pulses > 25 && state != "late") { // a late one may become ready in the middle of the pulses
      fail("more than 25 pulses: another channel and gain");
    }
  }

  void power_down() {
    has_word = false;
    level = true;
    pulses = 0;
    next_ns = now_ns + 4 * period_ns; // settling time
  }
};

Chip chips[CHANNELS];
std::deque<uint8_t> incoming, transmit;
uint64_t byte_ns = 0, sent_until_ns = 0;

void pass(uint64_t ns) {
  now_ns += ns;
  while (!transmit.empty() && sent_until_ns + byte_ns <= now_ns) {
    sent_until_ns += byte_ns;
    std::putchar(transmit.front());
    transmit.pop_front();
  }
  if (transmit.empty() && sent_until_ns < now_ns) {
    sent_until_ns = now_ns;
  }
  for (uint8_t index = 0; index < CHANNELS; ++index) {
    chips[index].advance(index);
  }
}

} // namespace

HardwareSerial Serial;

uint32_t micros() {
  pass(2000);
  return static_cast<uint32_t>(now_ns / 1000);
}
void delayMicroseconds(unsigned int us) { pass(1000ull * us); }
void pinMode(uint8_t, uint8_t) {}
void noInterrupts() { held = true; }
void interrupts() { held = false; }

int digitalRead(uint8_t pin) {
  pass(3000);
  for (uint8_t index = 0; index < CHANNELS; ++index) {
    if (DATA_PINS[index] == pin) {
      return chips[index].level ? HIGH : LOW;
    }
  }
  fail("a pin is read that is connected to nothing");
  return HIGH;
}

void digitalWrite(uint8_t pin, uint8_t level) {
  pass(3000);
  if (pin != CLOCK_PIN) {
    fail("a pin is written that is connected to nothing");
    return;
  }
  if (level == HIGH && !clock_high) {
    clock_rose_ns = now_ns;
    for (Chip &chip : chips) {
      chip.rise();
    }
  }
  if (level == LOW && clock_high && now_ns - clock_rose_ns > 60000) {
    if (held) {
      fail("the clock was high for more than 60 us while converters were read");
    }
    for (Chip &chip : chips) {
      chip.power_down();
    }
  }
  clock_high = level == HIGH;
}

void HardwareSerial::begin(unsigned long baudrate) { byte_ns = 10000000000ull / baudrate; }
int HardwareSerial::available() {
  pass(1000);
  return incoming.empty() ? 0 : 1;
}
int HardwareSerial::read() {
  const int byte = incoming.empty() ? -1 : incoming.front();
  if (!incoming.empty()) {
    incoming.pop_front();
  }
  return byte;
}
int HardwareSerial::availableForWrite() {
  pass(1000);
  return 63 - static_cast<int>(transmit.size());
}
size_t HardwareSerial::write(uint8_t byte) {
  if (transmit.size() >= 63) {
    fail("a byte is written that the UART has no room for");
  }
  transmit.push_back(byte);
  return 1;
}

int main(int argc, char **argv) {
  const double seconds = std::atof(argv[1]);
  double stall_at = -1, stall = 0;
  for (int index = 2; index < argc; ++index) {
    unsigned chip = 0;
    char state[16] = "";
    if (std::sscanf(argv[index], "chip=%u:%15s", &chip, state) == 2) {
      chips[chip].state = state;
      chips[chip].period_ns = std::strcmp(state, "late") == 0 ? 100000000 : 12500000;
    } else {
      std::sscanf(argv[index], "stall=%lf:%lf", &stall_at, &stall);
    }
  }
  const uint64_t begin = now_ns;
  for (uint8_t index = 0; index < CHANNELS; ++index) {
    chips[index].period_ns += 30000 * index; // their oscillators differ
    chips[index].next_ns = begin + 1000000 * (index + 1);
  }
  std::deque<uint8_t> upstream;
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    upstream.push_back(static_cast<uint8_t>(byte));
  }
  setup();
  uint64_t next_byte_ns = now_ns;
  while (now_ns - begin < seconds * 1e9) {
    loop();
    while (!upstream.empty() && now_ns >= next_byte_ns) {
      incoming.push_back(upstream.front());
      upstream.pop_front();
      next_byte_ns += 2 * byte_ns;
    }
    if (stall_at >= 0 && now_ns - begin > stall_at * 1e9) {
      pass(static_cast<uint64_t>(stall * 1e9));
      stall_at = -1;
    }
  }
  return failures ? 1 : 0;
}
