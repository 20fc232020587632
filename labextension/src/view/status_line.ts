// The last line: TTFT, speed (also while it reasons), tokens, cached share, cost, context.

import type { Desk } from './desk';
import { h, put, setText } from './dom';
import { count, dollars, fixed, seconds, share, UNKNOWN } from './phrases';
import { t } from '../words';

export class StatusLine {
  readonly node = h('div', { class: 'sl' });
  private readonly ttft = h('b');
  private readonly speed = h('b');
  private readonly speedKind = h('span');
  private readonly out = h('b');
  private readonly est = h('span');
  private readonly cached = h('b');
  private readonly cost = h('b');
  private readonly you = h('b');
  private readonly youBox = h('span', { hidden: true }, t('waited for you') + ' ', this.you);
  private readonly fill = h('i');
  private readonly gauge = h(
    'span',
    {
      class: 'gauge',
      role: 'meter',
      'aria-label': t('Context used'),
      'aria-valuemin': 0,
      'aria-valuemax': 100
    },
    this.fill
  );
  private readonly used = h('b');
  private readonly of = h('span');
  private readonly contextBox = h(
    'span',
    { hidden: true },
    t('context') + ' ',
    this.gauge,
    ' ',
    this.used,
    this.of
  );

  constructor(private readonly desk: Desk) {
    this.node.append(
      h('span', {}, 'TTFT ', this.ttft),
      h('span', {}, t('speed') + ' ', this.speed, this.speedKind),
      h('span', {}, t('out') + ' ', this.out, this.est),
      h('span', {}, t('cached') + ' ', this.cached),
      h('span', {}, t('cost') + ' ', this.cost),
      this.youBox,
      h('span', { class: 'grow' }),
      this.contextBox
    );
  }

  update(): void {
    const { desk } = this;
    const { meter, view } = desk.scene;
    const { run } = meter.metrics();
    const number = (name: string): number | null =>
      typeof run[name] === 'number' ? run[name] : null;
    const guess = meter.estimate(desk.now());
    const streams = desk.live && guess.completionTokens > 0;
    setText(this.ttft, seconds(number('ttft_s')));
    this.drawSpeed(number('tokens_per_s'), desk.live ? guess.tokensPerS : null);
    setText(
      this.out,
      count((number('completion_tokens') ?? 0) + (streams ? guess.completionTokens : 0))
    );
    setText(this.est, streams || run['estimated'] ? t(' est.') : '');
    setText(this.cached, share(number('cached_share')));
    setText(
      this.cost,
      view.scripted ? UNKNOWN : dollars(number('cost_usd'), run['unknown_attempts'])
    );
    const you = number('you_s') ?? 0;
    this.youBox.hidden = you <= 0;
    setText(this.you, seconds(you));
    this.drawContext(
      number('context_tokens'),
      number('window_tokens'),
      streams ? guess.completionTokens : 0
    );
  }

  private drawSpeed(median: number | null, now: number | null): void {
    if (this.desk.scene.view.scripted) {
      setText(this.speed, t('paced'));
      setText(this.speedKind, '');
    } else if (now !== null) {
      setText(this.speed, t('{n} tok/s', { n: fixed(now, 0) }));
      setText(this.speedKind, t(' est.'));
    } else {
      setText(this.speed, median === null ? UNKNOWN : t('{n} tok/s', { n: fixed(median, 0) }));
      setText(this.speedKind, median === null ? '' : ' p50');
    }
  }

  private drawContext(used: number | null, window: number | null, more: number): void {
    const part = used !== null && window ? (used + more) / window : null;
    this.contextBox.hidden = part === null;
    if (part === null) {
      return;
    }
    const percent = Math.min(100, part * 100);
    this.fill.style.width = `${Math.max(2, percent)}%`;
    put(this.gauge, {
      'aria-valuenow': fixed(percent, 1),
      'aria-valuetext': t('{share} of {n} tokens', {
        share: `${fixed(percent, 1)} %`,
        n: count(window)
      })
    });
    setText(this.used, `${fixed(percent, 1)} %`);
    setText(this.of, t(' of {n}', { n: count(window) }));
  }
}
