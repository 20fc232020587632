// The figures of one step. Mirrors the parts of nbagent/meter/meter.py.

import { rounded } from './phrases';
import { type Stream, sum } from './streams';
import type { ChartSegment, SpeedLine, StepFigures, Usage } from './types';

export type Price = [number, number, number] | null;

/** Figures of one step; of several attempts, the one that was accepted. */
export class StepMeter {
  attempts = 1;
  ttftS: number | null = null;
  ttfaS: number | null = null;
  modelS: number | null = null;
  tokensPerS: number | null = null;
  usage: Usage | null = null;
  completionTokens: number | null = null;
  reasoningTokens: number | null = null;
  costUsd: number | null = null;
  estimated = false;
  buffered = false;
  toolS = 0;
  youS = 0;
  waitS = 0;
  toolCalls = 0;
  stalls: [number, number][] = [];
  segments: ChartSegment[] = [];
  speed: SpeedLine[] = [];
  t1: number;
  requestedT: number;

  constructor(
    readonly step: number,
    readonly t0: number
  ) {
    this.t1 = this.requestedT = t0;
  }

  /** Append a span, if it has a length. */
  add(phase: string, t0: number, t1: number): void {
    if (t1 > t0) {
      this.segments.push([this.step, phase, t0, t1]);
    }
    this.t1 = Math.max(this.t1, t1);
  }

  /** The step's row of `Meter.metrics()`. */
  figures(): StepFigures {
    const prompt = this.usage?.prompt_tokens ?? null;
    const cached = this.usage?.cached_tokens ?? null;
    return {
      step: this.step,
      wall_s: this.t1 - this.t0,
      ttft_s: this.ttftS,
      ttfa_s: this.ttfaS,
      model_s: this.modelS,
      tokens_per_s: this.tokensPerS,
      prompt_tokens: prompt,
      cached_tokens: cached,
      cached_share: prompt && cached !== null ? cached / prompt : null,
      completion_tokens: this.completionTokens,
      reasoning_tokens: this.reasoningTokens,
      tool_calls: this.toolCalls,
      tool_s: this.toolS,
      you_s: this.youS,
      wait_s: this.waitS,
      retries: this.attempts - 1,
      stalls: this.stalls.length,
      stall_s: sum(this.stalls.map(([a, b]) => b - a)),
      cost_usd: this.costUsd,
      estimated: this.estimated,
      buffered: this.buffered
    };
  }
}

/** Take over how many tokens were reasoning, or estimate it from the text. */
export function countReasoning(step: StepMeter, stream: Stream): void {
  let count = step.usage?.reasoning_tokens ?? null;
  const part = stream.share('reasoning');
  if (count === null && part) {
    step.estimated = true;
    count = rounded(part * stream.nTokens);
  }
  step.reasoningTokens = count;
}

/** What a reply cost in dollars; null where usage or price is unknown. */
export function costUsd(usage: Usage | null, price: Price): number | null {
  if (!usage || !price) {
    return null;
  }
  const cached = usage.cached_tokens ?? 0;
  const fresh = Math.max(usage.prompt_tokens - cached, 0);
  return (fresh * price[0] + cached * price[1] + usage.completion_tokens * price[2]) / 1e6;
}
