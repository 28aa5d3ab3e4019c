import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUnit, showValue, stepped, toUnit } from "../../utils/widgets/kit/controls.js";
import { formatNumber } from "../../utils/widgets/kit/dom.js";

const linear = { kind: "number", label: "", default: 0, low: -4, high: 4, step: 0.1 };
const log = { kind: "number", label: "", default: 1, low: 0.1, high: 10, scale: "log", unit: "s" };
const whole = { kind: "integer", label: "", default: 3, low: 0, high: 20, step: 1 };

test("a place on a slider and back is the same value", () => {
  for (const field of [linear, log, whole]) {
    for (const unit of [0, 0.2, 0.5, 0.7, 1]) {
      const value = fromUnit(field, unit);
      assert.ok(Math.abs(fromUnit(field, toUnit(field, value)) - value) < 1e-9);
    }
  }
});

test("the middle of a log slider is the geometric mean", () => {
  assert.equal(fromUnit(log, 0.5), 1);
  assert.equal(toUnit(log, 1), 0.5);
  assert.equal(fromUnit(linear, 0.5), 0);
});

test("a slider never leaves its limits", () => {
  assert.equal(fromUnit(linear, 1.7), 4);
  assert.equal(fromUnit(linear, -0.2), -4);
  assert.equal(stepped(linear, 3.95, 1), 4);
  assert.equal(stepped(whole, 0, -1), 0);
});

test("an arrow key always moves, in equal steps or equal factors", () => {
  assert.equal(stepped(linear, 0.2, 1), 0.3);
  assert.equal(stepped(whole, 3, 10), 13);
  assert.ok(stepped(log, 0.1, 1) > 0.1);
  assert.ok(Math.abs(stepped(log, 1, 2) - 1.1025) < 0.01);
});

test("numbers are shown as a reader wants them", () => {
  assert.equal(formatNumber(-1.23456), "−1.23");
  assert.equal(formatNumber(0.1 + 0.2), "0.3");
  assert.equal(formatNumber(0), "0");
  assert.equal(formatNumber(2.5e-7, 2), "2.5·10⁻⁷");
  assert.equal(formatNumber(-Infinity), "−∞");
  assert.equal(formatNumber(NaN), "undefined");
  assert.equal(showValue(log, 0.5), "0.5\u00a0s");
});
