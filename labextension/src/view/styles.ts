// The one sheet of a view, inside its own shadow root: the host's rules stop at its edge, the
// host's variables pass. Constant text; nothing of a model or a tool is ever part of it.

import { BASE, TOKENS } from './styles_base';
import { CARDS } from './styles_cards';
import { CODE } from './styles_code';

const SHELL = `
.run{border:1px solid var(--nba-line);border-radius:6px;background:var(--nba-bg)}
.hd{display:flex;align-items:center;gap:6px 8px;min-height:40px;padding:6px 8px 6px 12px;border-bottom:1px solid var(--nba-line);position:sticky;top:0;z-index:2;background:var(--nba-bg);border-radius:6px 6px 0 0}
.hd .who{font-weight:600}.hd .sep{width:1px;height:16px;background:var(--nba-line-strong);flex:none}
.hd .state{display:inline-flex;align-items:center;gap:6px;min-width:0;flex:1000 1 96px;max-width:max-content}.hd .state .words{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.hd.long .state{flex-basis:320px}.hd.long .state .words{white-space:normal;padding:4px 0}.hd .b{flex:none}
.run>.hd,.hd .keep{flex-wrap:wrap;justify-content:flex-end}.hd .keep{display:inline-flex;gap:6px 8px}
.hd .lead{display:inline-flex;align-items:center}
.badge{display:block;padding:4px 12px;font-size:12px;border-bottom:1px dashed var(--nba-ctl-line)}
.top .badge{display:inline-block;margin:12px 16px 0;border:1px dashed var(--nba-ctl-line);border-radius:4px;padding:1px 6px}
.note1{padding:6px 12px;font-size:12px;color:var(--nba-text2);border-bottom:1px solid var(--nba-line)}
.two{display:grid;grid-template-columns:minmax(0,1fr);gap:8px}
.two.pic{grid-template-columns:minmax(0,1fr) minmax(0,356px)}
.pf{margin:14px 16px 10px 0;min-width:0}.pf figcaption{padding:2px 4px;font-size:12px;color:var(--nba-text2)}.pf .fig+.fig{margin-top:8px}
.lasttable{padding:0 16px 12px;overflow-x:auto}
.ended{display:flex;gap:8px;padding:12px 16px 4px;align-items:baseline}.ended.err{border-left:3px solid var(--nba-error);margin:8px;padding:4px 12px}
.sum{display:flex;align-items:center;gap:8px;width:100%;min-height:34px;padding:4px 12px 4px 8px;border:0;background:transparent;text-align:left;cursor:pointer;flex-wrap:wrap}
.top:not(:empty)+.hd{position:static}.hd.over{display:block;min-height:0;padding:0;position:static;border-radius:0;border-bottom:0}
.top:not(:empty)+.hd.over{border-top:1px solid var(--nba-line)}.sum:hover{background:var(--nba-wash)}
.sum:focus-visible,.st:focus-visible{outline-offset:-2px}
.mt{border-top:1px solid var(--nba-line);padding:4px 12px 6px}
.tools{display:flex;align-items:center;gap:4px;flex:none}
.bar-tools{display:flex;justify-content:flex-end;align-items:center;gap:4px;padding:0 8px 4px 12px;margin-top:-4px}
.findbar{display:flex;align-items:center;gap:8px;padding:6px 12px;border-bottom:1px solid var(--nba-line)}
.findbar input{flex:1;height:28px;border:1px solid var(--nba-ctl-line);border-radius:4px;background:var(--jp-input-active-background,var(--nba-bg));padding:0 8px;min-width:0}
.keys kbd{justify-self:start}
.keys{display:grid;grid-template-columns:auto 1fr;gap:4px 12px;padding:8px 12px;border-bottom:1px solid var(--nba-line);font-size:12px}
.sl{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:center;padding:7px 12px;border-top:1px solid var(--nba-line);font-size:12px;color:var(--nba-text2)}
.sl>span{white-space:nowrap}.sl b{color:var(--nba-text)}
.gauge{display:inline-block;width:64px;height:8px;border:1px solid var(--nba-ctl-line);border-radius:2px;vertical-align:-1px;position:relative;overflow:hidden}
.gauge i{position:absolute;inset:0 auto 0 0;background:var(--nba-text2)}
.ft{display:block;padding:6px 12px;border-top:1px solid var(--nba-line);font-size:12px;color:var(--nba-text2)}
.between summary,.ft summary{cursor:pointer;min-height:24px;line-height:24px}.ft pre{padding:4px 0}
.listbox{position:relative}
.steps{padding:4px 0;max-height:min(70vh,720px);overflow-y:auto;overflow-x:hidden;overflow-anchor:none}
.run.over .steps{max-height:560px;border-top:1px solid var(--nba-line)}
.jump{position:absolute;bottom:8px;left:50%;transform:translateX(-50%);background:var(--nba-bg);border-color:var(--nba-ctl-line);z-index:1}
.st{display:grid;grid-template-columns:20px minmax(16px,var(--no,2ch)) minmax(0,1fr) 286px 84px 50px;gap:8px;align-items:center;min-height:30px;padding:0 12px 0 8px;width:100%;border:0;background:transparent;text-align:left;cursor:pointer;border-radius:0;color:inherit}
.st:hover{background:var(--nba-wash)}.st.plain{cursor:default}.st .no{font:12px var(--nba-code);color:var(--nba-text2);text-align:right;white-space:nowrap}
.deed{display:grid;grid-template-columns:128px 12px 122px;gap:8px;align-items:center;min-width:0;font-size:12px}
.deed .wide{grid-column:1/4;text-align:right}.deed>.oc:first-child{grid-column:3/4}
.deed .tl{font:12px var(--nba-code);white-space:nowrap;text-align:right;overflow:hidden;text-overflow:ellipsis}
.deed .arr{color:var(--nba-text2);text-align:center}.deed .oc{white-space:nowrap}
.st .dur{text-align:right;color:var(--nba-text2);font-size:12px;white-space:nowrap}
.st .gist{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.barbox{line-height:0}
.chev{width:12px;height:12px;color:var(--nba-text2);margin-left:4px}
[aria-expanded=true]>.chev{transform:rotate(90deg)}
.st .cost{font-size:12px;color:var(--nba-text2);text-align:right;white-space:nowrap}.listbox:not(.many) .cost{display:none}
.group>.st,.many .st{grid-template-columns:20px calc(2*var(--no,2ch) + 1ch + 16px) minmax(0,1fr) 206px 84px 62px 54px}
.group .no,.many .no{text-align:left}.many .deed{grid-template-columns:auto 12px minmax(0,1fr);gap:6px}.many .deed .tl{max-width:98px}.many .deed .wide{text-align:left}
.many .deed>.oc:first-child{grid-column:1/4}.group .deed,.many .group .deed,.heads .deed{grid-template-columns:46px 152px;gap:8px}.group .deed>.oc:first-child,.many .group .deed>.oc:first-child{grid-column:1}
.d1>.st>.chev,.d1>.st>.no{transform:translateX(20px)}.d2>.st>.chev,.d2>.st>.no{transform:translateX(40px)}
.d1>.st[aria-expanded=true]>.chev{transform:translateX(20px) rotate(90deg)}.d2>.st[aria-expanded=true]>.chev{transform:translateX(40px) rotate(90deg)}
.left{padding:4px 12px 4px 60px}.between .wide{grid-column:3/8}.spark{overflow:visible}.spark polyline{fill:none;stroke:var(--nba-text2);stroke-width:1.25}.spark .tick{stroke:var(--nba-error);stroke-width:1.5}
.many .steps{scrollbar-gutter:stable}.heads.st{overflow-y:hidden;scrollbar-gutter:stable;min-height:26px;color:var(--nba-text2);border-top:1px solid var(--nba-line)}
.heads.st:hover{background:none}.heads.st span{font-size:11px}.heads~.steps{border-top:1px solid var(--nba-line)!important}.barbox{white-space:nowrap}.heads .barbox{line-height:inherit}
.item.mark>.st{box-shadow:inset 3px 0 0 var(--nba-accent)}
.body{padding:2px 12px 8px 36px}
.f-waiting{fill:var(--nba-wait);fill-opacity:.35;stroke:var(--nba-wait);stroke-width:.75}.f-reasoning{fill:var(--nba-reason);fill-opacity:.8}.f-arguments{fill:url(#nb-args)}.f-answer{fill:url(#nb-answer)}.f-tool{fill:url(#nb-tool)}.f-retry{fill:url(#nb-retry)}.f-you{fill:none;stroke:var(--nba-warn);stroke-width:1.25;stroke-dasharray:3 2}
`;

const NARROW = `
@container (max-width:640px){
.two.pic{grid-template-columns:minmax(0,1fr)}.pf{margin:0 16px 10px}
.st{grid-template-columns:20px minmax(16px,var(--no,2ch)) minmax(0,1fr) auto 50px}.st .barbox{display:none}.group>.st,.many .st{grid-template-columns:20px auto minmax(0,1fr) auto 62px}.group .deed,.many .group .deed{grid-template-columns:auto}.st .cost,.spark,.heads{display:none!important}.bar-tools{flex-wrap:wrap;justify-content:flex-start}.bar-tools>.seg{flex:0 1 auto}.tools{flex-wrap:wrap;flex:0 1 auto}
.many .st .chev,.many .st .no{transform:none}.many .st[aria-expanded=true]>.chev{transform:rotate(90deg)}.d1>.st{padding-left:16px}.d2>.st{padding-left:24px}.seg{flex-wrap:wrap;height:auto}.seg button{min-height:24px}
.deed{grid-template-columns:auto 12px auto}.deed .tl{max-width:120px}.deed .oc{max-width:122px}.chip.names{display:none}
}
@container (max-width:480px){
.st,.group>.st,.many .st{grid-template-columns:20px minmax(16px,auto) minmax(0,1fr) auto;row-gap:0;padding-top:4px;padding-bottom:4px}
.st .deed{grid-column:3/5;grid-row:2;justify-content:start}.st .deed:empty{display:none}.st .dur{grid-column:4;grid-row:1}.st .gist{white-space:normal}
.body{padding-left:12px}.hd .sep,.hd .usual{display:none}.sl{gap:2px 10px}.hd .state .words{white-space:normal}
.oh,.ch{flex-wrap:wrap;padding-top:4px;padding-bottom:4px}.md{padding-left:12px;padding-right:12px}
}
@media (prefers-reduced-motion:reduce){.spin,.live .win p:last-child::after,.stream::after{animation:none!important}}
@media (prefers-contrast:more){.nba{--nba-text2:var(--nba-text);--nba-line:var(--nba-ctl-line)}.live .win{-webkit-mask:none;mask:none}}
@media (forced-colors:active){
.nba{--nba-text2:CanvasText;--nba-line:CanvasText;--nba-line-strong:CanvasText;--nba-accent:Highlight;--nba-bg:Canvas}
.live .win{-webkit-mask:none;mask:none}.spin{border-color:GrayText;border-top-color:Highlight;forced-color-adjust:none}
.seg button[aria-pressed=true]{outline:2px solid Highlight;outline-offset:-3px}.ln.add,.ln.del,.ln.bad{outline:1px solid CanvasText;outline-offset:-1px}
.gauge i{background:CanvasText;forced-color-adjust:none}.item.mark>.st{outline:2px solid Highlight;outline-offset:-2px}
}
`;

export const STYLES = TOKENS + BASE + SHELL + CODE + CARDS + NARROW;
