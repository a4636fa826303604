import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startDeadline } from '../../../src/upstream/deadline.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is over when nothing was heard for so long', () => {
  const deadline = startDeadline(100, 1_000);
  vi.advanceTimersByTime(99);
  expect(deadline.isOver()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(deadline.isOver()).toBe(true);
  expect(deadline.signal.aborted).toBe(true);
});

it('begins anew with each sign of life, up to its total', () => {
  const deadline = startDeadline(100, 1_000);
  for (let elapsed = 90; elapsed < 990; elapsed += 90) {
    vi.advanceTimersByTime(90);
    deadline.restart();
    expect(deadline.isOver()).toBe(false);
  }
  vi.advanceTimersByTime(100);
  expect(deadline.isOver()).toBe(true);
});

it('stands still while the user is asked, whoever asks, and begins anew afterwards', () => {
  const deadline = startDeadline(100, 10_000);
  const goOn = deadline.pause();
  const goOnToo = deadline.pause();
  vi.advanceTimersByTime(5_000);
  deadline.restart();
  goOn();
  goOn();
  vi.advanceTimersByTime(1_000);
  expect(deadline.isOver()).toBe(false);
  goOnToo();
  vi.advanceTimersByTime(99);
  expect(deadline.isOver()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(deadline.isOver()).toBe(true);
});

it('is over in total even while the user is asked', () => {
  const deadline = startDeadline(100, 1_000);
  deadline.pause();
  vi.advanceTimersByTime(1_000);
  expect(deadline.isOver()).toBe(true);
});

it('ends with its operation, and leaves no timer', () => {
  const deadline = startDeadline(100, 1_000);
  const goOn = deadline.pause();
  deadline.end();
  goOn();
  deadline.restart();
  expect(vi.getTimerCount()).toBe(0);
});

it('is ended by the caller, which is not the end of its time', () => {
  const caller = new AbortController();
  const deadline = startDeadline(100, 1_000, caller.signal);
  caller.abort(new Error('enough'));
  expect(deadline.signal.reason).toEqual(new Error('enough'));
  expect(deadline.isOver()).toBe(false);
});
