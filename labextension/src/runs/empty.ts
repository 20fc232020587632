// What the panel shows where nothing has run yet.

import { button, h } from '../view/dom';
import { t } from '../words';

/** How a first run is begun.
 *
 * @param howToKey tells how a real key is used
 */
export function emptyState(howToKey: () => void): HTMLElement {
  const magic = h('span', {}, '%%kimi');
  return h(
    'div',
    { class: 'empty' },
    h('p', {}, h('b', {}, t('No runs yet'))),
    h('p', { class: 'm' }, t('In any cell, write what you want:')),
    h('pre', {}, magic, `\n${t('Which columns of @df have missing values?')}`),
    h('p', { class: 'm' }, t('Where no key is set, a scripted stand-in answers.')),
    button({ class: 'lnk2' }, howToKey, t('How to use a real key'))
  );
}
