// The sheet of the bars and cards at cells, inside their own shadow roots.

import { BASE, TOKENS } from '../view/styles_base';
import { CODE } from '../view/styles_code';

const OWN = `
:host{width:auto}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:4px 8px;min-height:32px;padding:2px 4px 2px 10px;font-size:12px;border-left:3px solid var(--nba-line-strong);background:var(--nba-wash)}
.bar.edited{border-left-color:var(--nba-accent)}.bar.inserted{border-left-color:var(--nba-ok)}.bar.deleted{border-left-color:var(--nba-error)}
.bar .i{flex:none}.more-acts{display:inline-flex;flex-wrap:wrap;gap:4px 6px;align-items:center}
.bar b{white-space:nowrap}.plus{color:var(--nba-ok)}.minus{color:var(--nba-error)}
.code{border:1px solid var(--nba-line);border-top:0;max-height:320px;overflow:auto}
.ask{flex:1 1 100%;display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center;padding:2px 0 4px}
.all{border-left:0;border-bottom:1px solid var(--nba-line);background:var(--nba-bg);padding-left:12px}
.run{border:1px solid var(--nba-line);border-radius:6px;background:var(--nba-bg);margin:8px 0 4px}
.hd{display:flex;align-items:center;gap:8px;min-height:34px;padding:0 6px 0 12px;border-bottom:1px solid var(--nba-line)}
.hd b{white-space:nowrap}.why{padding:8px 12px;overflow-wrap:anywhere}.why>p{margin:0}
.run .code{border-width:1px 0}.hd+.code{border-top:0}
.act{display:flex;flex-wrap:wrap;align-items:center;gap:8px;padding:8px 12px}
@media (prefers-contrast:more){.nba{--nba-text2:var(--nba-text);--nba-line:var(--nba-ctl-line)}}
@media (forced-colors:active){
.nba{--nba-text2:CanvasText;--nba-line:CanvasText;--nba-line-strong:CanvasText;--nba-accent:Highlight;--nba-bg:Canvas}
.ln.add,.ln.del{outline:1px solid CanvasText;outline-offset:-1px}
}
`;

export const STYLES = TOKENS + BASE + CODE + OWN;
