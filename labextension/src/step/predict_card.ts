// The card that asks what comes next, and afterwards says whether that was right.

import { button, h, icon, setText } from '../view/dom';
import { clean } from '../view/phrases';
import type { StepModel } from './model';
import { optionsAt, outcome, Predictions, questionAt } from './predict';
import type { MoveFacts } from './types';
import { t, told } from '../words';

export class PredictCard {
  readonly node = h('div', { class: 'lfb' });
  private predictions = new Predictions();
  private runId: string;
  private key = '';
  private readonly score = h('span', { class: 'grow' });

  constructor(
    private readonly model: StepModel,
    private readonly redraw: () => void
  ) {
    this.runId = model.runId;
  }

  update(): void {
    const { model } = this;
    if (model.runId !== this.runId) {
      this.runId = model.runId;
      this.predictions = new Predictions();
    }
    void this.settle();
    this.draw();
  }

  /** See whether a prediction has come true: for that, moves are read, nothing else. */
  private async settle(): Promise<void> {
    const { model, predictions } = this;
    for (const n of predictions.waiting) {
      const next = model.move(n + 1);
      if (!next && !model.isFinished) continue;
      const [facts, after] = [await model.facts(n), next ? await model.facts(n + 1) : null];
      const right = outcome(facts, next, after, model.moves?.finished ?? '');
      if (right === null) continue;
      predictions.settle(facts, right, next?.mark === 'error' ? (after?.tool?.outcome ?? '') : '');
      this.draw();
    }
  }

  private draw(): void {
    const { model, predictions } = this;
    const facts = model.shown;
    const before = predictions.at(model.at - 1)?.verdict;
    const isAsked = facts !== null && model.isOpen && !predictions.isSkipped(model.at);
    const key = [
      model.runId,
      facts?.n,
      facts?.place,
      isAsked,
      before?.was,
      predictions.score
    ].join();
    if (key === this.key) return;
    this.key = key;
    setText(this.score, predictions.score);
    const verdict = before ? this.verdict(model.at - 1) : null;
    const asked = isAsked && questionAt(facts.place) ? this.asked(facts) : null;
    this.node.replaceChildren(...[verdict, asked].filter(node => node !== null));
  }

  private verdict(n: number): HTMLElement | null {
    const guess = this.predictions.at(n);
    if (!guess?.verdict) return null;
    const { isRight, was, detail } = guess.verdict;
    const said = isRight ? t('Right') : t('It was “{was}”', { was });
    const end = detail && t(': ') + clean(told(detail));
    return h(
      'div',
      { class: 'pred done' },
      h('b', {}, t('Your prediction here')),
      h(
        'div',
        { class: 'row' },
        isRight ? icon('check', 'c-ok') : icon('cross', 'c-error'),
        h('span', {}, t('“{guess}”. {said}.', { guess: guess.words, said: said + end }))
      )
    );
  }

  private asked(facts: MoveFacts): HTMLElement {
    const chosen = this.predictions.at(facts.n)?.choice;
    const options = optionsAt(facts).map((words, i) => {
      const radio = h('input', { type: 'radio', name: 'nba-predict', checked: i === chosen });
      radio.addEventListener('change', () => {
        this.predictions.choose(facts.n, i, words);
      });
      return h('label', {}, radio, words);
    });
    const skip = button(
      { class: 'lnk', 'aria-label': t('Skip this question') },
      () => {
        this.predictions.skip(facts.n);
        this.redraw();
      },
      t('Skip')
    );
    return h(
      'fieldset',
      { class: 'pred' },
      h('legend', {}, h('b', {}, questionAt(facts.place))),
      ...options,
      h('div', { class: 'row s m' }, this.score, skip)
    );
  }
}
