// As much of the Arduino core as the sketch uses, on a computer: simulated time, simulated pins, a simulated UART.
#pragma once

#include <stddef.h>
#include <stdint.h>

const uint8_t LOW = 0, HIGH = 1, OUTPUT = 1, INPUT_PULLUP = 2;

uint32_t micros();
void delayMicroseconds(unsigned int us);
void pinMode(uint8_t pin, uint8_t mode);
int digitalRead(uint8_t pin);
void digitalWrite(uint8_t pin, uint8_t level);
void noInterrupts();
void interrupts();

struct HardwareSerial {
  void begin(unsigned long baudrate);
  int available();
  int read();
  int availableForWrite();
  size_t write(uint8_t byte);
};
extern HardwareSerial Serial;
