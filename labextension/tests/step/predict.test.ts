// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { optionsAt, outcome, Predictions } from '../../src/step/predict';
import type { Moves } from '../../src/step/types';
import { STEPS } from './steps';
import { Story } from './story';

const story = new Story();

/** Which option came true after a move, in words. */
function cameTrue(n: number, of = story, finished: Moves['finished'] = 'answer'): string | null {
  const facts = of.at(n);
  const next = of.moves[n];
  const right = outcome(facts, next, next ? of.at(n + 1) : null, finished);
  return right === null ? null : (optionsAt(facts)[right] ?? 'none');
}

describe('a prediction', () => {
  it('is right by what the next move was', () => {
    expect([1, 2, 3, 4].map(n => cameTrue(n))).toEqual([
      'A tool call',
      'The tool runs',
      'A result',
      'Another request'
    ]);
    expect([11, 13].map(n => cameTrue(n))).toEqual(['An error', 'A tool call, mended']);
    expect(cameTrue(16)).toBe('Another call runs');
    expect([19, 20].map(n => cameTrue(n))).toEqual(['The answer', 'The loop ends']);
  });

  it('is open as long as there is no next move, and void if the run was stopped', () => {
    expect(cameTrue(20, story, '')).toBeNull();
    expect(cameTrue(20, story, 'stopped')).toBe('none');
  });

  it('knows a call that is made again', () => {
    const [first] = STEPS;
    if (!first) throw new Error('The story has no steps.');
    expect(cameTrue(5, new Story([first, first]))).toBe('The same tool call again');
  });

  it('is scored once, and not if it was skipped', () => {
    const predictions = new Predictions();
    expect(predictions.score).toBe('');
    predictions.choose(3, 0, 'A result');
    predictions.choose(11, 0, 'A result');
    predictions.choose(13, 0, 'A tool call');
    predictions.skip(13);
    expect(predictions.waiting).toEqual([3, 11]);
    predictions.settle(story.at(3), 0, '');
    predictions.settle(story.at(11), 1, 'TypeError');
    predictions.settle(story.at(11), 0, '');
    predictions.choose(11, 1, 'An error'); // too late
    expect(predictions.score).toBe('1 of 2 right so far');
    expect(predictions.at(11)?.verdict).toEqual({
      isRight: false,
      was: 'An error',
      detail: 'TypeError'
    });
  });
});
