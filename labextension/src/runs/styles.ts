// The sheet of the panel and of the status-bar item, inside shadow roots of their own.

import { BASE, TOKENS } from '../view/styles_base';

const PANEL = `
:host{height:100%;overflow:hidden}
.pnl{display:flex;flex-direction:column;height:100%;min-height:0;background:var(--nba-bg)}
.ph{display:flex;align-items:center;gap:2px;height:36px;flex:none;padding:0 6px 0 12px;border-bottom:1px solid var(--nba-line)}
.ph h2{margin:0;font-size:13px;font-weight:600;flex:1}
.fb{display:flex;flex:none;align-items:center;gap:4px;padding:4px 8px;border-bottom:1px solid var(--nba-line)}
.fb input{flex:1;min-width:0;height:28px;border:1px solid var(--nba-ctl-line);border-radius:4px;background:var(--jp-input-active-background,var(--nba-bg));padding:0 8px}
.said{flex:none;padding:6px 12px;font-size:12px;border-bottom:1px solid var(--nba-line);color:var(--nba-text2)}
.said.err{color:var(--nba-error)}
.list{flex:1;min-height:0;overflow-y:auto;overflow-x:hidden;overflow-anchor:none;contain:strict}
.sizer{position:relative;overflow:hidden}
.it{position:absolute;left:0;right:0;top:0}
.gh{display:flex;align-items:center;gap:6px;width:100%;height:28px;border:0;background:transparent;padding:0 8px;cursor:pointer;font-size:12px;margin-top:4px}
.gh .chev{margin-left:0}.gh:focus-visible,.rb:focus-visible{outline-offset:-2px}
[aria-expanded=true]>.chev{transform:rotate(90deg)}.chev{width:12px;height:12px;color:var(--nba-text2)}
.rn2{display:flex;align-items:center;height:48px}
.rn2:hover{background:var(--nba-wash)}
.rn2.sel{background:color-mix(in srgb,var(--nba-accent) 12%,transparent);box-shadow:inset 3px 0 0 var(--nba-accent)}
.rb{display:grid;grid-template-columns:16px minmax(0,1fr);gap:1px 8px;align-items:center;flex:1;min-width:0;height:48px;padding:4px 8px 4px 12px;border:0;background:transparent;text-align:left;cursor:pointer}
.rb .icn{grid-row:1;display:grid;place-items:center}
.rb .ti,.rb .mt2{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.rb .mt2{grid-column:2}
.ra{padding:0 10px 0 4px;flex:none}.ra:empty{display:none}.ra .b{height:24px;min-width:24px}
.left2{padding:4px 14px 8px 36px;font-size:12px;color:var(--nba-text2)}
.more{padding:6px 12px}
.empty{padding:16px;line-height:1.5;overflow:auto;flex:1}
.empty pre{background:var(--nba-code-bg);padding:8px 10px;border:1px solid var(--nba-line);border-radius:4px;margin:8px 0;white-space:pre-wrap}
.empty pre span{color:var(--nba-op)}.empty p{margin:0}
.lnk2{border:0;background:none;padding:0;min-height:24px;color:var(--nba-accent);text-decoration:underline;cursor:pointer}
.pf2{display:flex;flex:none;flex-wrap:wrap;gap:4px 12px;align-items:center;min-height:32px;padding:6px 12px;border-top:1px solid var(--nba-line);font-size:12px;white-space:nowrap}
.bud{display:flex;gap:8px;align-items:center}.gauge{flex:none;width:64px;height:8px;border:1px solid var(--nba-ctl-line);border-radius:2px;position:relative;overflow:hidden}.gauge i{position:absolute;inset:0 auto 0 0;background:var(--nba-text2)}.gauge.full i{background:var(--nba-warn)}
@media (prefers-reduced-motion:reduce){.spin{animation:none!important}}
@media (forced-colors:active){.nba{--nba-text2:CanvasText;--nba-line:CanvasText;--nba-accent:Highlight}.rn2.sel{outline:2px solid Highlight;outline-offset:-2px}.spin{border-color:GrayText;border-top-color:Highlight;forced-color-adjust:none}.gauge i{background:CanvasText;forced-color-adjust:none}}
`;

/** The grid lets the item give way: it asks for the room of its words, and is content with none. */
const STATUS = `
:host{display:block;width:auto;height:100%;min-width:44px}
.nba{--nba-text2:var(--jp-ui-font-color1,rgba(0,0,0,.87));height:100%;container-type:normal;display:grid;grid-template-columns:minmax(0,max-content)}
.sbi{display:flex;min-width:0;overflow:hidden;align-items:center;gap:6px;height:24px;padding:0 8px;border:0;background:transparent;cursor:pointer;font-size:12px;white-space:nowrap}
.sbi:hover{background:var(--nba-wash2)}.sbi:focus-visible{outline-offset:-2px}
.sbi>*{flex:0 1 auto;min-width:0;overflow:hidden;text-overflow:ellipsis}.sbi>span:not(.chip,.spin){max-width:18em}.sbi>b{flex-shrink:.1}.sbi>svg,.sbi>.spin{flex:none}.sbi .spin{width:12px;height:12px}
.chip.dash{border-style:dashed;border-color:var(--nba-ctl-line);color:var(--nba-text)}
@media (prefers-reduced-motion:reduce){.spin{animation:none!important}}
`;

export const PANEL_STYLES = TOKENS + BASE + PANEL;
export const STATUS_STYLES = TOKENS + BASE + STATUS;
