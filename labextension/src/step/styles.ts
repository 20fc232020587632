// The step view's part of the sheet; the tokens, buttons and code colours are those of the view.

const FRAME = `
.sv{height:680px;display:flex;flex-direction:column;overflow:hidden;position:relative;border-radius:6px}.sv:focus{outline:none}.sv:focus-visible::after{content:"";position:absolute;z-index:4;inset:0;border:2px solid var(--nba-accent);border-radius:inherit;pointer-events:none}
.sv :is(.mv,.tb,.ms,.lnk){background:transparent;cursor:pointer;white-space:nowrap}.sv :is(textarea,select){font:inherit}.sv>*{flex:none}.sv>.hd{position:static}.sv .now b{font-weight:600}.sv .b[aria-disabled=true],.sv .sp button[aria-disabled=true]{opacity:.5;cursor:default}
.sv .cols{flex:1;min-height:0;display:grid;grid-template-columns:minmax(0,max(352px,40%)) minmax(0,1fr)}
.sv .lf{border-right:1px solid var(--nba-line);display:flex;flex-direction:column;min-height:0;overflow:auto}
.sv .rt{display:flex;flex-direction:column;min-height:0;min-width:0}.sv .pane{flex:1;min-height:0;overflow:auto;display:flex;flex-direction:column}.sv .pane:focus-visible,.sv .loop:focus-visible,.sv .jsn:focus-visible,.sv .wire:focus-visible{outline-offset:-2px}
.sv .fill{flex:1;display:flex;flex-direction:column;min-height:0}.sv .fill>*{flex:none}
.sv .bn{display:flex;align-items:center;gap:10px;min-height:36px;padding:4px 8px 4px 12px;border-bottom:1px solid var(--nba-line);background:color-mix(in srgb,var(--nba-accent) 11%,transparent);box-shadow:inset 3px 0 0 var(--nba-accent)}
.sv :is(.bn,.hd,.ctl) .b{flex:none}.sv .bn.ask{flex-wrap:wrap}.sv .ask pre{flex:1 1 100%;max-height:180px;overflow:auto}.sv .bn.kin{background:none;box-shadow:none;flex-wrap:wrap;overflow-wrap:anywhere}.sv .bn.bad{background:var(--nba-del);box-shadow:inset 3px 0 0 var(--nba-error);overflow-wrap:anywhere}
`;
const MOVES = `
.sv .tlb{display:flex;align-items:center;gap:8px;height:42px;padding:0 12px;border-bottom:1px solid var(--nba-line)}
.sv .mvs{display:flex;align-items:center;gap:8px;flex:1;min-width:0;overflow-x:auto;scrollbar-width:thin;padding:3px;position:relative}
.sv .mg{display:inline-flex;flex:none;align-items:center;border:1px solid var(--nba-line);border-radius:5px;padding-left:6px}.sv .mg .xs{margin-right:2px}
.sv .mv{color:var(--nba-text);border-radius:4px;width:25px;min-width:25px;height:26px;border:1px solid transparent;font:600 12px/1 var(--nba-code);padding:0}.sv .mv:hover{background:var(--nba-wash2)}.sv .mv.c-error{color:var(--nba-error)}.sv .mv.c-warn{color:var(--nba-warn)}.sv .mv.mv.at{background:var(--nba-accent-fill);color:#fff}.sv .mv.ed{text-decoration:underline}.sv .mv:focus-visible{outline-offset:-1px}.sv .mv.at:focus-visible{outline-offset:1px}
.sv .in[type=number]{width:52px;height:26px;flex:none;text-align:right;border:1px solid var(--nba-ctl-line);border-radius:4px;background:var(--nba-bg);padding:0 4px;appearance:textfield;-moz-appearance:textfield}.sv .in::-webkit-inner-spin-button{display:none}
`;
const LOOP = `
.sv .cap{display:flex;align-items:center;gap:8px;height:36px;padding:0 12px;flex:none}
.sv .loop{background:var(--nba-code-bg);padding:6px 0;border-block:1px solid var(--nba-line);flex:none;max-height:312px;overflow:auto;position:relative}
.sv .cl{display:flex;align-items:baseline;padding:2px 2px 2px 0;line-height:18px;white-space:pre-wrap}.sv .src{min-width:0;overflow-wrap:anywhere;font:12px/18px var(--nba-code)}
.sv .ar{width:18px;flex:none;color:var(--nba-accent);text-align:center;line-height:1}.sv .ar .i{width:11px;height:11px}.sv .lno{min-width:14px;flex:none;text-align:right;margin-right:8px;font:11px var(--nba-code);color:var(--nba-text2)}
.sv .cl.cur{background:color-mix(in srgb,var(--nba-accent) 15%,transparent);box-shadow:inset 3px 0 0 var(--nba-accent)}.sv .rn{display:inline-block;width:6px;height:6px;border:1.5px solid var(--nba-accent);border-radius:50%;vertical-align:1px}
.sv .cl.dim code>span,.sv .cl.dim code>span *{color:var(--nba-text2);font-weight:400}.sv .cl.dim code>span{text-decoration:line-through;text-decoration-thickness:1px}
.sv .iv{display:inline-block;white-space:nowrap;text-indent:0;margin-left:10px;font:11px/16px var(--nba-ui);color:var(--nba-text2);border:1px solid var(--nba-line-strong);border-radius:3px;padding:0 5px;background:var(--nba-bg)}
.sv .say{padding:10px 12px;flex:none}.sv .say p{margin:0 0 4px;overflow-wrap:anywhere}.sv .lfb{margin-top:auto;padding:0 12px 12px;display:flex;flex-direction:column;gap:8px}
.sv .pred{border:1px solid var(--nba-line-strong);border-radius:5px;padding:8px 12px 6px;margin:0;min-width:0}.sv .pred legend{float:left;width:100%;padding:0;margin-bottom:4px}.sv .pred legend+*{clear:both}
.sv .pred label{display:flex;align-items:center;gap:8px;min-height:26px;cursor:pointer}.sv input[type=radio]{width:16px;height:16px;flex:none;margin:0;accent-color:var(--nba-accent)}.sv .pred .row{display:flex;min-height:24px}
.sv .pred.done:not(:last-child){border:0;padding:0}.sv .pred.done:not(:last-child) b{display:none}.sv .now{line-height:1.3}
.sv .lnk{border:0;background:none;color:var(--nba-accent);height:24px;padding:0 4px;text-decoration:underline}
`;
const TABS = `
.sv .tabs{display:flex;align-items:center;gap:2px;height:36px;padding:0 8px;border-bottom:1px solid var(--nba-line);flex:none;overflow-x:auto;scrollbar-width:none}
.sv .tb{height:35px;padding:0 9px;white-space:nowrap;border:0;border-radius:0;border-bottom:2px solid transparent;gap:4px}.sv .tb[aria-selected=true]{border-bottom-color:var(--nba-accent);font-weight:600}.sv .tb.no{color:var(--nba-text2)}.sv .tb .xs{font-weight:400}.sv .tb:hover{background:var(--nba-wash)}.sv .tb:focus-visible{outline-offset:-3px}.sv .arr{color:var(--nba-text2)}
.sv .bar{display:flex;gap:8px;align-items:center;padding:7px 12px}.sv .acts{padding:0 12px 7px}.sv .acts .b{height:24px}
.sv .fact{display:flex;flex-wrap:wrap;gap:2px 14px;padding:2px 12px 7px;font-size:12px;color:var(--nba-text2)}.sv .fact b{color:var(--nba-text)}.sv .fact:first-child{padding-top:9px}
.sv .jsn{flex:1;min-height:120px;overflow:auto;position:relative;background:var(--nba-code-bg);border-block:1px solid var(--nba-line);padding:6px 0}
.sv .rl,.sv .opened{padding:0 10px 0 24px;position:relative}.sv .rl{min-height:18px;white-space:pre}.sv .rl code{font-size:12px;line-height:18px}.sv .rl:has(.fold){min-height:24px}.sv .rl:has(.fold) code{line-height:24px}.sv .opened{padding:0}.sv .opened .text{padding:2px 12px 6px 60px}
.sv .new{background:var(--nba-add)}.sv .rl.new::before,.sv .new>.rl::before{content:"+";position:absolute;left:0;width:24px;text-align:center;font:600 12px/18px var(--nba-code);color:var(--nba-ok)}
.sv .pre{position:relative}.sv .pre::before{content:"";position:absolute;z-index:1;top:2px;bottom:2px;left:9px;width:6px;border:2px solid var(--nba-text2);border-right:0;border-radius:3px 0 0 3px}
.sv .fold{cursor:pointer;color:inherit;height:24px;min-width:24px;border:solid transparent;border-width:4px 0;border-radius:6px;background:var(--nba-wash2) padding-box;padding:0 5px;font:11px/16px var(--nba-ui)}.sv .fold[aria-expanded=true]{text-decoration:underline}
.sv .wire{white-space:pre-wrap;overflow-wrap:anywhere;padding:0 12px;direction:ltr;unicode-bidi:bidi-override}.sv .same{border-left:2px solid var(--nba-text2);color:var(--nba-text2);padding-left:4px}.sv .rest{background:var(--nba-add)}
.sv .ft2{display:flex;flex-wrap:wrap;gap:2px 6px;align-items:center;min-height:30px;padding:2px 12px;margin-top:auto}.sv .ft2>span{display:inline-flex;gap:6px;align-items:center}.sv .ft2>span+span{margin-left:8px}.sv .sw{flex:none;width:14px;height:14px;text-align:center;font:600 11px/14px var(--nba-code)}.sv .sw.pre{width:7px;border:2px solid var(--nba-text2);border-right:0;border-radius:3px 0 0 3px}.sv .sw.pre::before{content:none}.sv .sw.new{color:var(--nba-ok)}
`;
const PANES = `
.sv .list{border-top:1px solid var(--nba-line)}.sv .ms{display:grid;grid-template-columns:24px 66px minmax(0,1fr) auto 12px;gap:8px;align-items:center;width:100%;min-height:30px;height:auto;padding:0 12px 0 4px;border:0;border-radius:0;border-bottom:1px solid var(--nba-line);text-align:left}.sv .ms:focus-visible{outline-offset:-2px}
.sv .sgn{text-align:center;font:600 12px var(--nba-code);color:var(--nba-ok)}.sv .sgn.c-warn{color:var(--nba-warn)}.sv .ms .ro{font:12px var(--nba-code)}.sv .ms .chev{margin:0}.sv .ms.new{background:var(--nba-add)}.sv .ms.ed{background:color-mix(in srgb,var(--nba-warn) 12%,transparent)}.sv .ms.gone{color:var(--nba-text2);border-bottom-style:dashed}
.sv .mx{padding:6px 12px 10px 102px;border-bottom:1px solid var(--nba-line);font-size:12px}.sv .runs+.was,.sv .bar+.was{padding:2px 12px}.sv .mx .text,.sv .was{max-height:220px;overflow:auto}
.sv .sub{font-size:12px;color:var(--nba-text2);padding:8px 12px 2px;margin:0}.sv .in{padding:0 12px}.sv .rz p{margin:0}.sv .rz .cut{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:6;overflow:hidden}.sv .code{border-block:1px solid var(--nba-line)}.sv .code .more{padding:0 12px}
.sv .half{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);flex:1 0 auto!important}.sv .half>div{padding:0 12px 8px;min-width:0}.sv .half>div+div{border-left:1px solid var(--nba-line)}.sv .half .h{display:flex;align-items:center;gap:5px;min-height:32px;font-size:12px}.sv .half .h :is(b,.m){white-space:nowrap}.sv .half .h .b{height:24px;padding:0 5px}.sv .half .text{font-size:11px}.sv .half .h~*+*{margin-top:6px}
.sv .nsd{display:grid;grid-template-columns:16px minmax(0,auto) 1fr;gap:2px 8px;padding:6px 12px;font-size:12px;border-top:1px solid var(--nba-line);overflow-wrap:anywhere}
.sv .edit{flex:1;display:flex;flex-direction:column;gap:8px;padding:8px 12px}.sv .edit p{margin:0;overflow-wrap:anywhere}.sv .edit .h{display:flex;gap:8px;align-items:baseline}.sv .edit textarea{font-family:var(--nba-code);flex:1;min-height:180px;width:100%;font-size:12px;line-height:1.5;padding:6px 8px;border:1px solid var(--nba-ctl-line);border-radius:4px;background:var(--nba-bg);color:inherit;resize:vertical}.sv .edit .row{flex-wrap:wrap}
.sv .sheet{position:absolute;z-index:3;left:12px;bottom:54px;width:520px;max-width:calc(100% - 24px);background:var(--nba-bg);border:1px solid var(--nba-ctl-line);border-radius:6px;box-shadow:0 4px 18px rgba(0,0,0,.28);padding:0 12px}
.sv .sheet .row{display:flex;gap:8px}.sv .top1{min-height:40px}.sv .end1{padding:8px 0 12px;border-top:1px solid var(--nba-line);flex-wrap:wrap}.sv .end1 .grow{flex:1 1 180px}.sv .opt{display:grid;grid-template-columns:20px 1fr;gap:4px 8px;padding:8px 0;border-top:1px solid var(--nba-line);overflow-wrap:anywhere;cursor:pointer}.sv .opt input{margin:2px 0}.sv .sheet p{margin:0 0 8px}
.sv .ctl{display:flex;align-items:center;gap:6px;min-height:46px;padding:4px 12px;border-top:1px solid var(--nba-line)}.sv .ctl .b{height:28px}.sv .ctl .sep{width:1px;height:16px;background:var(--nba-line-strong)}
.sv .sp{padding:0;gap:0;cursor:default}.sv .sp:hover{background:none}.sv .sp button{display:inline-flex;align-items:center;gap:6px;height:26px;border:0;background:transparent;padding:0 9px;cursor:pointer}.sv .dd{position:relative;border-left:1px solid var(--nba-line);width:25px;height:26px;display:grid;place-items:center}.sv .dd:focus-within{outline:2px solid var(--nba-accent);outline-offset:1px;border-radius:4px}.sv .dd select{position:absolute;inset:0;width:100%;height:100%;opacity:0;cursor:pointer}.sv .dd option{color:#000;background:#fff}
`;
const NARROW = `
@container (max-width:760px){.sv .now{white-space:normal}.sv kbd{display:none}.sv .keys kbd{display:inline}.sv .ctl{gap:4px;flex-wrap:wrap}.sv .tabs{padding:0 4px;gap:0}.sv .tb{padding:0 4px}.sv .arr{font-size:11px}.sv .bar{flex-wrap:wrap}.sv .who1,.sv .ctl .sep{display:none}}
@container (max-width:700px){.sv{height:auto}.sv .cols{display:block}.sv .lf{border-right:0;border-bottom:1px solid var(--nba-line);min-width:0}.sv .pane{max-height:480px}.sv .lfb{padding-top:4px}}
@container (max-width:640px){.sv>.hd{flex-wrap:wrap;padding:6px 8px 6px 12px}.sv .hd .el{flex:1 1 100%;order:1}.sv .hd .who{flex:1}.sv .hd .sep{display:none}.sv .goto{display:none}.sv .tb .xs{display:none}.sv .half{grid-template-columns:minmax(0,1fr)}.sv .half>div+div{border-left:0;border-top:1px solid var(--nba-line)}.sv .cap .s{display:none}.sv .mx{padding-left:36px}.sv .ms{grid-template-columns:24px minmax(0,auto) minmax(0,1fr) auto 12px}}
@container (max-width:480px){.sv .tlb>.m:first-child{display:none}.sv .bn{flex-wrap:wrap}.sv .tabs{justify-content:space-between}.sv .top1{flex-wrap:wrap;padding:8px 0}.sv .top1 .grow{flex:1 1 100%;order:1}.sv .top1 .b{margin-left:auto}.sv .hd{min-width:0}.sv .hd{gap:4px}}
@media (forced-colors:active){.sv .mv.at,.sv .cl.cur{outline:2px solid Highlight;outline-offset:-2px}.sv .tb{border-bottom-color:Canvas}.sv .tb[aria-selected=true]{border-bottom-color:Highlight}.sv .new,.sv .ms.new{background:var(--nba-add)}.sv .ms.ed{outline:1px solid CanvasText;outline-offset:-1px}.sv .fold{border-color:ButtonText;border-width:1px}.sv .b[aria-disabled=true]{color:GrayText;border-color:GrayText;opacity:1}}
`;

export const STEP_STYLES = FRAME + MOVES + LOOP + TABS + PANES + NARROW;
