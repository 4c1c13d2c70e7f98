// Load cells behind HX711 converters, for Just Walk Out: sends the board protocol down the serial line.
//
// Wiring, power and how to put several boards on one line: see ../README.md.

#include "board_protocol.h"
#include "hx711.h"

// --- what you change -------------------------------------------------------------------------------------------
const uint8_t ADDRESS = 11;                        // `board` in buses.yaml; differs between the boards of a line
const uint8_t CLOCK_PIN = 2;                       // PD_SCK of all converters
const uint8_t DATA_PINS[] = {3, 4, 5, 6, 7, 8};    // DOUT of each, in the order of `plates` in buses.yaml
const uint32_t BAUDRATE = 115200;                  // `baudrate` in buses.yaml
const uint16_t PERIOD_US = 16667;                  // 60 samples a second; converters at 80 (RATE pin high) keep up
// ---------------------------------------------------------------------------------------------------------------

const uint8_t CHANNELS = sizeof(DATA_PINS);
const uint8_t SAMPLES = 6;                         // a frame: ten a second
const uint16_t PATIENCE_US = 6000;                 // wait for converters after a sample is due; then it has no value
const uint32_t RESET_AFTER_US = 1000000;           // silence of all of them after which they are switched off and on

struct Pins {
  bool data(uint8_t chip) const { return digitalRead(DATA_PINS[chip]) == HIGH; }
  void clock(bool high) { digitalWrite(CLOCK_PIN, high ? HIGH : LOW); }
  void hold() { noInterrupts(); }
  void release() { interrupts(); }
};

Pins pins;
hx711::Bank<Pins, CHANNELS> bank(pins);
board::FrameBuilder<CHANNELS, SAMPLES> builder(ADDRESS, PERIOD_US);
board::Relay<340> relay;
board::Outbox<500> outbox;
uint32_t due_us;
uint32_t heard_us;

void setup() {
  pinMode(CLOCK_PIN, OUTPUT);
  digitalWrite(CLOCK_PIN, LOW);
  for (uint8_t pin : DATA_PINS) {
    pinMode(pin, INPUT_PULLUP); // where no converter is connected, none is ever ready
  }
  Serial.begin(BAUDRATE);
  due_us = heard_us = micros();
}

void send() {
  uint8_t frame[decltype(builder)::ENCODED];
  const size_t length = builder.finish(frame);
  outbox.put(frame, length);
}

void restart_converters() {
  digitalWrite(CLOCK_PIN, HIGH);
  delayMicroseconds(100);
  digitalWrite(CLOCK_PIN, LOW);
}

void take_sample() {
  const uint32_t late_us = micros() - due_us;
  if (late_us >= 0x80000000UL || (!bank.ready() && late_us < PATIENCE_US)) {
    return; // not due yet, or worth waiting for
  }
  if (late_us >= PERIOD_US) {
    // The loop was held up. The samples of a frame are evenly spaced, so this one begins a new frame.
    if (builder.samples()) {
      send();
    }
    due_us += late_us / PERIOD_US * PERIOD_US;
  }
  int32_t counts[CHANNELS];
  board::Status status[CHANNELS];
  if (bank.read(counts, status)) {
    heard_us = due_us;
  } else if (due_us - heard_us >= RESET_AFTER_US) {
    restart_converters();
    heard_us = due_us;
  }
  builder.add(due_us, counts, status);
  due_us += PERIOD_US;
  if (builder.full()) {
    send();
  }
}

void loop() {
  take_sample();
  while (Serial.available() > 0) { // frames of the boards further up the line
    if (relay.push(static_cast<uint8_t>(Serial.read()))) {
      outbox.put(relay.frame(), relay.length());
    }
  }
  while (!outbox.empty() && Serial.availableForWrite() > 0) {
    Serial.write(outbox.take());
  }
}
