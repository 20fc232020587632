// What left this machine, counted; a click lists the pieces, and how to reach the run in code.

import type { Desk } from './desk';
import { h, setText } from './dom';
import { size } from './phrases';
import { t, told } from '../words';

const LOCAL = /^(\[?::1\]?|127\.0\.0\.1|localhost)(:\d+)?$/;

export class SentLine {
  private readonly words = h('span');
  private readonly pieces = h('pre', { tabindex: 0 });
  readonly node = h('details', { class: 'ft' }, h('summary', {}, this.words), this.pieces);

  constructor(private readonly desk: Desk) {}

  update(): void {
    const { view } = this.desk.scene;
    const host = view.started?.host ?? view.base?.host ?? '';
    const operator = view.started?.operator ?? view.base?.operator ?? '';
    const foreign = operator ? `${host} (${operator})` : host;
    const where = !host || LOCAL.test(host) ? t('this machine') : foreign;
    const isSent = view.sent.length > 0 || Boolean(view.base?.sent);
    setText(
      this.words,
      isSent
        ? t('To {where}: {what}', { where, what: view.sentWords() })
        : t('To {where}: nothing has been sent yet', { where })
    );
    const sent = view.sent.map(part => {
      const times = part.n > 1 ? t(' ({n} times)', { n: part.n }) : '';
      return `${size(part.n_bytes)}  ${told(part.kind.replace('_', ' '))} ${part.name}${times}`;
    });
    const files = [...view.files].map(name => t('wrote {name}', { name }));
    const faults = view.faults.map(fault => t('not shown: {fault}', { fault }));
    const inCode = t(
      'In code: _ is this run; _.metrics(), _.messages, _.requests. %kimi show draws it again.'
    );
    setText(this.pieces, [...sent, ...files, ...faults, inCode].join('\n'));
  }
}
