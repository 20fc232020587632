// Where the reader begins once a run has ended: the answer, with the run's last figures beside it.

import type { Desk } from './desk';
import { blockNode } from './blocks';
import { coded, h, icon } from './dom';
import { badgeNode } from './header';
import { LiveMarkdown } from './markdown_dom';
import { pictureUrl } from './outputs';
import type { Block } from './types';
import { t, told } from '../words';

const FIGURES = 2;

export class AnswerTop {
  readonly node = h('div', { class: 'top' });
  private key = '';

  constructor(private readonly desk: Desk) {}

  update(): void {
    const { view } = this.desk.scene;
    const key = view.running
      ? ''
      : [view.reason, view.answer, view.text, view.pictures.size].join('\n');
    if (key === this.key) {
      return;
    }
    this.key = key;
    this.node.replaceChildren(...(view.running ? [] : this.parts()));
  }

  private parts(): HTMLElement[] {
    const { view } = this.desk.scene;
    const parts: HTMLElement[] = [];
    if (view.reason !== 'answer' && view.text) {
      const failed = view.reason === 'error';
      const sign = failed
        ? icon('cross', 'c-error')
        : icon(view.reason === 'stopped' ? 'stop' : 'pause', 'm');
      parts.push(
        h(
          'div',
          { class: failed ? 'ended err' : 'ended' },
          sign,
          h('div', { dir: 'auto' }, ...coded(told(view.text)))
        )
      );
    }
    if (view.answer) {
      if (view.scripted) {
        parts.push(badgeNode());
      }
      const said = new LiveMarkdown();
      said.update(view.answer);
      const figures = this.figures();
      const shape = figures ? 'two pic' : 'two';
      parts.push(h('div', { class: shape }, said.node, figures));
    } else {
      const figures = this.figures();
      parts.push(...(figures ? [figures] : []));
    }
    const table = this.lastTable();
    return table
      ? [...parts, h('div', { class: 'lasttable' }, blockNode(table, view.pictures))]
      : parts;
  }

  private figures(): HTMLElement | null {
    const { view } = this.desk.scene;
    const keys = [...new Set(view.pictureKeys().reverse())].slice(0, FIGURES).reverse();
    const images = keys.flatMap(key => {
      const picture = view.pictures.get(key);
      if (!picture) {
        return [];
      }
      const image = h('img', { class: 'fig', alt: this.altOf(key) });
      image.src = pictureUrl(picture);
      return [image];
    });
    if (!images.length) {
      return null;
    }
    const steps = view.steps.filter(s =>
      s.calls.some(c => c.outputs.some(b => b.kind === 'image' && keys.includes(b.picture)))
    );
    const numbers = steps.map(step => step.number).join(', ');
    const words =
      images.length > 1
        ? t('Figures from step {n}', { n: numbers })
        : t('Figure from step {n}', { n: numbers });
    return h('figure', { class: 'pf' }, ...images, h('figcaption', {}, words));
  }

  private altOf(key: string): string {
    const blocks = this.blocks();
    const image = blocks.find(
      (b): b is Block & { kind: 'image' } => b.kind === 'image' && b.picture === key
    );
    return told(image?.alt ?? 'Figure');
  }

  private blocks(): Block[] {
    return this.desk.scene.view.steps.flatMap(s => s.calls.flatMap(c => c.outputs));
  }

  private lastTable(): Block | undefined {
    return this.blocks()
      .filter(block => block.kind === 'table')
      .at(-1);
  }
}
