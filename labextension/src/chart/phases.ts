// The phases of a run: their order, words and looks. A phase has a colour, a pattern and a word,
// so that none of them carries it alone.

import { t } from '../words';
import { svg } from './dom';

export interface PhaseLook {
  /** The colour: a variable of the view's style sheet. */
  readonly variable: string;
  /** Its colour where that style sheet is not there. */
  readonly fallback: string;
}

export const PHASES: Readonly<Record<string, PhaseLook>> = {
  waiting: { variable: '--nba-wait', fallback: '#6e7781' },
  reasoning: { variable: '--nba-reason', fallback: '#8250df' },
  arguments: { variable: '--nba-args', fallback: '#9a6700' },
  answer: { variable: '--nba-answer', fallback: '#0969da' },
  tool: { variable: '--nba-tool', fallback: '#1a7f37' },
  you: { variable: '--nba-warn', fallback: '#9a4a00' },
  retry: { variable: '--nba-error', fallback: '#cf222e' }
};
export const PHASE_NAMES = Object.keys(PHASES);
const UNKNOWN: PhaseLook = { variable: '--nba-wait', fallback: '#6e7781' };

export function lookOf(phase: string): PhaseLook {
  return PHASES[phase] ?? UNKNOWN;
}

/** What a phase is called. */
export function wordOf(phase: string): string {
  const words: Readonly<Record<string, string>> = {
    waiting: t('waiting'),
    reasoning: t('reasoning'),
    arguments: t('arguments'),
    answer: t('answer'),
    tool: t('tool'),
    you: t('you'),
    retry: t('error')
  };
  return words[phase] ?? t('other');
}

/** A colour for SVG, as the page's style has it. */
export function cssColour(phase: string): string {
  const { variable, fallback } = lookOf(phase);
  return `var(${variable}, ${fallback})`;
}

/** The patterns that fill phases, under names of their own in the page. */
export class Patterns {
  private static made = 0;
  private readonly prefix = `nba-p${Patterns.made++}-`;

  /** The `<defs>` to put into an SVG. */
  defs(): SVGElement {
    return svg('defs', {}, [
      this.tile('waiting', 6, 45, svg('rect', { width: 1.8, height: 6 })),
      this.tile('arguments', 4, 0, svg('rect', { width: 2.8, height: 4 })),
      this.tile('answer', 4, 0, svg('rect', { width: 4, height: 3 })),
      this.tile('tool', 5, 0, svg('path', { d: DOTTED, 'fill-rule': 'evenodd' })),
      this.tile('retry', 5, -45, svg('rect', { width: 3.6, height: 5 }))
    ]);
  }

  /** The attributes that make a shape look like a phase. */
  fill(phase: string): Record<string, string | number> {
    const colour = cssColour(phase);
    if (phase === 'reasoning') return { style: `fill:${colour}`, 'fill-opacity': 0.8 };
    if (phase === 'you') {
      return { style: `fill:none;stroke:${colour};stroke-width:1.25;stroke-dasharray:3 2` };
    }
    const line = phase === 'waiting' ? `;stroke:${colour};stroke-width:.75` : '';
    return { style: `fill:url(#${this.prefix}${phase})${line}` };
  }

  private tile(phase: string, size: number, degrees: number, mark: SVGElement): SVGElement {
    mark.setAttribute('style', `fill:${cssColour(phase)}`);
    const attributes = { width: size, height: size, patternUnits: 'userSpaceOnUse' };
    const turned: Record<string, string> = degrees
      ? { patternTransform: `rotate(${degrees})` }
      : {};
    return svg('pattern', { id: this.prefix + phase, ...attributes, ...turned }, [mark]);
  }
}

/** A square of 5 with a round hole. */
const DOTTED = 'M0 0h5v5H0zM2.5 1.4a1.1 1.1 0 1 0 0 2.2a1.1 1.1 0 1 0 0-2.2z';
