// The colours of a prompt, at least 4.5:1 on the page's cells, light and dark.

import { EditorView } from '@codemirror/view';

const LIGHT = { comment: '#2f6363', magic: '#6a00ad', option: '#004a94', value: '#a31717' };
const DARK = { comment: '#93c2c2', magic: '#dcaaff', option: '#84c5ff', value: '#ff9d97' };
/** A comment is no heading, whatever Markdown takes it for. */
const PLAIN = { fontWeight: '400', fontSize: 'inherit', textDecoration: 'none' };

const dark = (kind: string): string => `[data-jp-theme-light='false'] & .nba-prompt-${kind}`;

export const styles = EditorView.baseTheme({
  '& .nba-prompt-comment': { ...PLAIN, color: LIGHT.comment, fontStyle: 'italic' },
  '& .nba-prompt-magic': { ...PLAIN, color: LIGHT.magic, fontWeight: '600' },
  '& .nba-prompt-option': { ...PLAIN, color: LIGHT.option },
  '& .nba-prompt-value': { ...PLAIN, color: LIGHT.value },
  '& .nba-prompt-reference': { color: LIGHT.option, fontWeight: '600' },
  [dark('comment')]: { color: DARK.comment },
  [dark('magic')]: { color: DARK.magic },
  [dark('option')]: { color: DARK.option },
  [dark('value')]: { color: DARK.value },
  [dark('reference')]: { color: DARK.option }
});
