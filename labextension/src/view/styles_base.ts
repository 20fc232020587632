// What every sheet of ours begins with, the trace's and the runs panel's.

/** Colours and type, of the host first. */
export const TOKENS = `
:host{display:block;width:100%;min-width:0}
.nba{
--nba-reason:#8250df;--nba-answer:#0969da;--nba-args:#9a6700;--nba-wait:#6e7781;--nba-tool:#1a7f37;--nba-error:#cf222e;--nba-warn:#9a4a00;--nba-ok:#1a7f37;
--nba-bg:var(--jp-layout-color1,#fff);--nba-code-bg:var(--jp-cell-editor-background,#f5f5f5);
--nba-text:var(--jp-ui-font-color1,rgba(0,0,0,.87));--nba-text2:rgba(0,0,0,.62);
--nba-line:var(--jp-border-color2,#e0e0e0);--nba-line-strong:var(--jp-border-color1,#bdbdbd);--nba-ctl-line:#8a8a8a;
--nba-wash:rgba(127,127,127,.075);--nba-wash2:rgba(127,127,127,.15);
--nba-accent:var(--jp-brand-color1,#1976d2);--nba-accent-fill:var(--jp-accept-color-normal,#1976d2);
--nba-comment:#2f6363;--nba-kw:#006400;--nba-str:#a31717;--nba-num:#005f00;--nba-prop:#004a94;--nba-op:#6a00ad;
--nba-add:rgba(46,160,67,.14);--nba-del:rgba(207,34,46,.1);--nba-ask:rgba(154,74,0,.12);
--nba-ui:var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI",sans-serif);
--nba-code:var(--jp-code-font-family,menlo,consolas,"DejaVu Sans Mono",monospace);
font:13px/1.45 var(--nba-ui);color:var(--nba-text);font-variant-numeric:tabular-nums;text-align:left;container-type:inline-size;position:relative;color-scheme:light}
.nba.dark{
--nba-reason:#b392f0;--nba-answer:#58a6ff;--nba-args:#d29922;--nba-wait:#8b949e;--nba-tool:#3fb950;--nba-error:#ff7b72;--nba-warn:#f0a35e;--nba-ok:#3fb950;
--nba-bg:var(--jp-layout-color1,#212121);--nba-code-bg:rgba(255,255,255,.04);
--nba-text:var(--jp-ui-font-color1,rgba(255,255,255,.87));--nba-text2:rgba(255,255,255,.64);
--nba-line:var(--jp-border-color2,#424242);--nba-line-strong:var(--jp-border-color1,#616161);--nba-ctl-line:#858585;
--nba-comment:#93c2c2;--nba-kw:#7fd483;--nba-str:#ff9d97;--nba-num:#98dd9b;--nba-prop:#84c5ff;--nba-op:#dcaaff;
--nba-add:rgba(63,185,80,.17);--nba-del:rgba(255,123,114,.16);--nba-ask:rgba(240,163,94,.18);color-scheme:dark}
`;

/** Small parts: buttons, chips, icons. */
export const BASE = `
.nba *{box-sizing:border-box}
.nba [hidden]{display:none!important}
button,input{font:inherit;color:inherit;margin:0}
pre,code,.mono{font-family:var(--nba-code)}
pre{margin:0;white-space:pre;overflow-x:auto;font-size:12px;line-height:1.5}
code{font-size:12px}
b{font-weight:600}
.m{color:var(--nba-text2)}.s{font-size:12px}.xs{font-size:11px}
.grow{flex:1 1 auto;min-width:0}.el{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
.row{display:inline-flex;align-items:center;gap:6px;min-width:0}.row>.b{flex:none}.b+.m:empty{display:none}.nw{white-space:nowrap}
.i{width:14px;height:14px;flex:none;display:inline-block;vertical-align:-2px;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.i.f{fill:currentColor;stroke:none}
:focus-visible{outline:2px solid var(--nba-accent);outline-offset:1px}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.c-reason{color:var(--nba-reason)}.c-answer{color:var(--nba-answer)}.c-wait{color:var(--nba-wait)}.c-args{color:var(--nba-args)}
.c-tool{color:var(--nba-tool)}.c-error{color:var(--nba-error)}.c-warn{color:var(--nba-warn)}.c-ok{color:var(--nba-ok)}
.b{display:inline-flex;align-items:center;justify-content:center;gap:6px;height:26px;min-width:26px;padding:0 9px;border:1px solid var(--nba-line-strong);border-radius:4px;background:transparent;cursor:pointer;white-space:nowrap;line-height:1}
.b:hover{background:var(--nba-wash2)}.b.ghost{border-color:transparent;padding:0 6px}
.b[disabled]{opacity:.5;cursor:default}
.b.big{height:30px;padding:0 12px}.b.pri{background:var(--nba-accent-fill);border-color:var(--nba-accent-fill);color:#fff}.b.pri kbd{color:#fff;border-color:#fff9}
kbd{flex:none;font:11px/16px var(--nba-code);min-width:18px;text-align:center;padding:0 4px;border:1px solid var(--nba-line-strong);border-bottom-width:2px;border-radius:3px;color:var(--nba-text2)}
.seg{display:inline-flex;flex:none;border:1px solid var(--nba-line-strong);border-radius:4px;overflow:hidden;height:26px}
.seg button{border:0;background:transparent;padding:0 9px;cursor:pointer;font-size:12px;min-width:26px;white-space:nowrap}
.seg button+button{border-left:1px solid var(--nba-line)}
.seg button[aria-pressed=true]{background:var(--nba-wash2);font-weight:600;box-shadow:inset 0 -2px 0 var(--nba-accent)}
.seg button:focus-visible{outline-offset:-3px}
.chip{display:inline-flex;align-items:center;gap:4px;flex:none;height:18px;padding:0 6px;border:1px solid var(--nba-line-strong);border-radius:9px;font-size:11px;line-height:1;white-space:nowrap;color:var(--nba-text2);background:none;position:relative}
button.chip{cursor:pointer}button.chip::after{content:"";position:absolute;inset:-4px}
.chip code{font-size:11px}.chip.names{max-width:200px}.chip.names code{overflow:hidden;text-overflow:ellipsis;line-height:16px}
.chip .i{width:12px;height:12px}
.spin{width:14px;height:14px;flex:none;display:inline-block;border-radius:50%;border:2px solid var(--nba-wash2);border-top-color:var(--nba-accent);border-right-color:var(--nba-accent);animation:nba-spin 1s linear infinite}
@keyframes nba-spin{to{transform:rotate(360deg)}}
@keyframes nba-bl{50%{opacity:0}}
`;
