// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { StepModel } from '../../src/step/model';
import { Story, StoryKernel } from './story';

async function opened(at: number | null): Promise<{ kernel: StoryKernel; model: StepModel }> {
  const kernel = new StoryKernel(new Story(), at);
  const model = new StepModel(kernel.send, 'run-7', () => undefined);
  await model.refresh();
  return { kernel, model };
}

describe('the model of the step view', () => {
  it('shows where the run rests, and only reads when it looks around', async () => {
    const { kernel, model } = await opened(13);
    expect([model.at, model.isOpen, model.looksBack]).toEqual([13, true, false]);
    kernel.sent.length = 0;
    for (let i = 0; i < 4; i++) await model.back();
    for (let i = 0; i < 3; i++) await model.forward();
    await model.goTo(1);
    await model.goTo(-4);
    await model.goTo(99);
    await model.goTo(2.4);
    await model.toNow();
    const asked = kernel.sent.map(([action, { n }]) => `${action} ${String(n)}`);
    expect([...new Set(kernel.sent.map(([action]) => action))]).toEqual(['move']);
    // Each is asked for once, but the one where it rests: that one can be edited.
    const once = asked.filter(words => words !== 'move 13');
    expect(once).toEqual([...new Set(once)]);
    expect(asked.filter(words => words === 'move 13').length).toBeGreaterThan(1);
    expect(model.at).toBe(13);
  });

  it('moves the run by its key, from where it rests, and goes along', async () => {
    const { kernel, model } = await opened(12);
    await model.go('move');
    expect(kernel.sent).toContainEqual(['go', { key: 'k12', until: 'move' }]);
    expect([model.at, model.looksBack]).toEqual([13, false]);
  });

  it('changes how far a run goes that moves, without a key', async () => {
    const { kernel, model } = await opened(12);
    const moves = kernel.moves.bind(kernel);
    kernel.moves = runId => ({ ...moves(runId), open: null, until: 'end' });
    await model.refresh();
    expect([model.isMoving, model.isOpen]).toEqual([true, false]);
    await model.go('move');
    expect(kernel.sent).toContainEqual(['pace', { until: 'move' }]);
    kernel.moves = runId => ({ ...moves(runId), open: null, finished: 'answer' });
    await model.refresh();
    kernel.sent.length = 0;
    await model.go('end');
    expect(kernel.sent).toEqual([]);
  });

  it('says why a step was refused, and where the run is now', async () => {
    const { kernel, model } = await opened(12);
    kernel.open = 13; // somebody else has stepped
    await model.go('move');
    expect([model.fault, model.at]).toEqual(['This pause is over.', 13]);
    await model.go('move');
    expect([model.fault, model.at]).toEqual(['', 14]);
  });

  it('stays at a move that is looked at while the run goes on', async () => {
    const { kernel, model } = await opened(12);
    await model.goTo(5);
    kernel.open = 14;
    await model.refresh();
    expect([model.at, model.now, model.looksBack]).toEqual([5, 14, true]);
  });

  it('knows of a very long run only the last moves, by their own numbers', async () => {
    const { kernel, model } = await opened(13);
    const moves = kernel.moves.bind(kernel);
    kernel.moves = runId => ({ ...moves(runId), moves: moves(runId).moves.slice(5) });
    await model.refresh();
    await model.goTo(1);
    expect([model.first, model.at, model.count, model.now]).toEqual([6, 6, 13, 13]);
    await model.back();
    expect([model.at, model.looksBack]).toEqual([6, true]);
  });

  it('drops an answer that comes after the person has gone on', async () => {
    const { kernel, model } = await opened(13);
    const answers: (() => void)[] = [];
    const late = new StepModel(
      (action, fields) =>
        new Promise(done => {
          const answer = (): void => void kernel.send(action, fields).then(done);
          if (action === 'move') answers.push(answer);
          else answer();
        }),
      'run-7',
      () => undefined
    );
    void late.refresh();
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    void late.goTo(4);
    void late.goTo(9);
    answers.reverse().forEach(answer => answer());
    await vi.waitFor(() => expect(late.shown?.n).toBe(9));
    await new Promise(done => setTimeout(done, 5));
    expect([late.shown?.n, late.at]).toEqual([9, 9]);
    model.dispose();
  });
});

describe('a fork', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  it('is shown instead, and is asked by its own name', async () => {
    const { kernel, model } = await opened(null);
    await model.goTo(8);
    await model.fork(8, 'another result', true);
    expect(kernel.sent).toContainEqual(['fork', { n: 8, value: 'another result', fresh: true }]);
    expect([model.runId, model.at]).toEqual(['run-8', 8]);
    kernel.sent.length = 0;
    await model.back();
    expect(kernel.sent).toEqual([['move', { n: 7, run_id: 'run-8' }]]);
    await model.over('run-7', 8);
    expect([model.runId, model.at, model.isFinished]).toEqual(['run-7', 8, true]);
  });

  it('is asked again and again while it moves, as it sends no news', async () => {
    const { kernel, model } = await opened(null);
    await model.fork(8, null, false);
    const moves = kernel.moves.bind(kernel);
    let rests = false;
    kernel.moves = runId => ({ ...moves(runId), open: rests ? moves(runId).open : null });
    kernel.sent.length = 0;
    void model.refresh();
    await vi.advanceTimersByTimeAsync(1_000);
    const polled = kernel.sent.filter(([action]) => action === 'moves').length;
    expect(polled).toBeGreaterThan(3);
    rests = true;
    await vi.advanceTimersByTimeAsync(1_000);
    kernel.sent.length = 0;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(kernel.sent).toEqual([]);
  });
});
