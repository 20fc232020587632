import { describe, expect, it } from 'vitest';

import { plainText } from './plain';
import { difference, fixture, folded, RUNS } from './fixtures';
import { snapshotOf } from './snapshot';

describe.each(RUNS)('%s', name => {
  const { events, snapshot, metrics, chart, plain, plain_steps } = fixture(name);
  const { view, meter } = folded(events);

  it('folds to the snapshot that Python folds it to', () => {
    expect(snapshotOf(view)).toEqual(snapshot);
  });

  it('has the figures and the chart that Python measures', () => {
    expect(difference(meter.metrics(), metrics)).toBe('');
    expect(difference(meter.chart(), chart)).toBe('');
  });

  it('reads the same as plain text', () => {
    expect(plainText(view, false)).toBe(plain);
    expect(plainText(view, true)).toBe(plain_steps);
  });

  it('differs as soon as one event is missing', () => {
    const less = folded(events.slice(0, -1));
    expect(snapshotOf(less.view)).not.toEqual(snapshot);
    const early = folded(events.filter(event => event.kind !== 'reply_received'));
    expect(difference(early.meter.metrics(), metrics)).not.toBe('');
  });
});
