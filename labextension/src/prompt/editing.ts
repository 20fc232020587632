// A cell's editor while it is a prompt: prose with an option line, not Python. It follows the
// text: a cell becomes a prompt when `%%kimi` is typed and code again when that is taken away.

import { EditorState, Prec, type Extension } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate
} from '@codemirror/view';
import type { EditorModel, Languages } from './host';
import { styles } from './styles';
import { magicLine, pieces, type Kind } from './tokens';

/** The page's name for Markdown in notebooks, which spell checkers take for prose. */
export const PROSE = 'text/x-ipythongfm';

const HEAD_CHARACTERS = 4_000;
/** Nothing is closed by itself in prose: an apostrophe is one apostrophe. */
const NOTHING_CLOSES = [{ closeBrackets: { brackets: [] } }];
const ATTRIBUTES = {
  spellcheck: 'true',
  autocorrect: 'on',
  autocapitalize: 'sentences',
  class: 'cm-lineWrapping nba-prompt'
};

const MARKS = Object.fromEntries(
  (['comment', 'magic', 'option', 'value', 'reference'] as const).map(kind => [
    kind,
    Decoration.mark({ class: `nba-prompt-${kind}` })
  ])
) as Record<Kind, ReturnType<typeof Decoration.mark>>;

const isPrompt = (state: EditorState): boolean =>
  magicLine(state.doc.sliceString(0, HEAD_CHARACTERS)) >= 0;

function marked(state: EditorState): DecorationSet {
  if (!isPrompt(state)) return Decoration.none;
  const found = pieces(state.doc.toString()).filter(({ from, to }) => from < to);
  return Decoration.set(
    found.map(({ from, to, kind }) => MARKS[kind].range(from, to)),
    true
  );
}

/** Follows one editor's text, and gives its model the type that fits. */
class Following {
  decorations: DecorationSet;
  private behind = false;
  private gone = false;
  /** What the notebook says that its code cells are. */
  private codeType: string;

  constructor(
    private readonly view: EditorView,
    private readonly model: EditorModel,
    private readonly languages: Languages | null
  ) {
    this.decorations = marked(view.state);
    this.codeType = model.mimeType;
    model.mimeTypeChanged.connect(this.typeChanged);
    this.typeChanged();
  }

  /** While an input method composes, what it composes in is left as it is. */
  update({ docChanged, changes, view }: ViewUpdate): void {
    if (docChanged) this.behind = true;
    if (!this.behind) return;
    if (view.composing) {
      if (docChanged) this.decorations = this.decorations.map(changes);
      return;
    }
    this.behind = false;
    this.decorations = marked(view.state);
    Promise.resolve().then(this.settle, this.settle); // not while the editor updates itself
  }

  destroy(): void {
    this.gone = true;
    this.model.mimeTypeChanged.disconnect(this.typeChanged);
  }

  private readonly typeChanged = (): void => {
    if (this.model.mimeType !== PROSE) this.codeType = this.model.mimeType;
    this.loaded().then(this.settle, this.settle);
  };

  /** The editor takes the language that is loaded last, so both are loaded before one is chosen. */
  private async loaded(): Promise<void> {
    await this.languages?.getLanguage(this.codeType);
    await this.languages?.getLanguage(PROSE);
  }

  private readonly settle = (): void => {
    if (this.gone) return;
    const type = isPrompt(this.view.state) ? PROSE : this.codeType;
    if (this.model.mimeType !== type) this.model.mimeType = type;
  };
}

/** What makes a code cell's editor follow its text.
 *
 * @param model the cell's
 * @param languages the page's, if it tells
 */
export function promptEditing(model: EditorModel, languages: Languages | null): Extension {
  const following = ViewPlugin.define(view => new Following(view, model, languages), {
    decorations: plugin => plugin.decorations,
    provide: () => [
      EditorState.languageData.of(state => (isPrompt(state) ? NOTHING_CLOSES : [])),
      EditorView.contentAttributes.of(view => (isPrompt(view.state) ? ATTRIBUTES : null)),
      styles
    ]
  });
  return Prec.highest(following);
}
