import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Channel, Claims } from '../../src/commands/claims';

/** A channel as browsers have it: every other page hears, later. */
class Air {
  private readonly callbacks: ((event: { data: unknown }) => void)[] = [];

  page(): Channel {
    let own: ((event: { data: unknown }) => void) | null = null;
    return {
      postMessage: data => {
        for (const each of this.callbacks) if (each !== own) setTimeout(() => each({ data }), 5);
      },
      addEventListener: (_type, callback) => {
        own = callback;
        this.callbacks.push(callback);
      }
    };
  }
}

interface Page {
  readonly claims: Claims<string>;
  readonly told: string[];
}

function page(air: Air, sees = ''): Page {
  const told: string[] = [];
  const claims = new Claims<string>(
    air.page(),
    subject => subject === sees,
    name => told.push(name)
  );
  return { claims, told };
}

describe('which page tells', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is the one whose claim is least, however many there are', async () => {
    const air = new Air();
    const pages = [page(air), page(air), page(air)];
    const asked = pages.map(({ claims }, i) => claims.isOurs('run-1 ended', `1 ${3 - i}`, 'a'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await Promise.all(asked)).toEqual([false, false, true]);
  });

  it('is none where a person looks at it, and the others are told', async () => {
    const air = new Air();
    const [away, looking] = [page(air), page(air, 'a')];
    const asked = away.claims.isOurs('run-1 1', '1 x', 'a');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await asked).toBe(false);
    expect(away.told).toEqual(['run-1 1']);
    expect(looking.told).toEqual([]);
  });

  it('is not one that hears of it late', async () => {
    const air = new Air();
    const [first, late] = [page(air), page(air)];
    const asked = first.claims.isOurs('run-1 1', '1 z', 'a');
    await vi.advanceTimersByTimeAsync(2_000);
    const again = late.claims.isOurs('run-1 1', '0 a', 'a');
    await vi.advanceTimersByTimeAsync(2_000);
    expect([await asked, await again]).toEqual([true, false]);
  });

  it('is each of them where they do not hear each other', async () => {
    const alone = [page(new Air()), page(new Air())]; // the control
    const asked = alone.map(({ claims }, i) => claims.isOurs('run-1 1', `1 ${i}`, 'a'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await Promise.all(asked)).toEqual([true, true]);
  });
});
