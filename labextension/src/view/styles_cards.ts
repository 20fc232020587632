// The part of the sheet for what is inside a step: reasoning, cards, code, outputs, Markdown.

export const CARDS = `
.rz{border-left:2px solid var(--nba-reason);padding:0 0 0 12px;margin:4px 0 10px}
.rz .lab{display:flex;align-items:center;gap:8px;min-height:26px;height:auto;max-width:100%;justify-content:flex-start;border:0;background:none;padding:0;cursor:pointer;color:var(--nba-text2);font-size:12px;text-align:left}
.rz .lab:hover{color:var(--nba-text)}.rz .lab .el{flex:1 1 0}
.rz.live .lab .i.c-reason{display:none}.rz.live .lab>span:first-of-type{color:var(--nba-reason);font-weight:600}
.rz p{margin:0 0 6px;color:var(--nba-text2);max-width:76ch;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5}
.rz.live .win{max-height:126px;overflow:hidden;display:flex;flex-direction:column;justify-content:flex-end;-webkit-mask:linear-gradient(#0007,#000 40%);mask:linear-gradient(#0007,#000 40%)}
.rz.live .win:hover,.rz.live:focus-within .win{-webkit-mask:none;mask:none}
.rz.live[data-open] .win{max-height:none;-webkit-mask:none;mask:none}
.rz.live .win p{flex:none}.rz.live .win p:last-child{margin:0;color:var(--nba-text)}
.rz.live .win p:last-child::after{content:"";display:inline-block;width:7px;height:14px;background:var(--nba-reason);vertical-align:-2px;margin-left:2px;animation:nba-bl 1s steps(2) infinite}
.rz.done{border-left-color:transparent;margin:0 0 6px;padding-left:0}.rz.done[data-open]{border-left-color:var(--nba-reason);padding-left:12px}
.said{border-left:2px solid var(--nba-answer);margin:4px 0 10px}.said .md{padding:2px 12px}
.writing{padding:2px 0 6px}
.line{display:flex;gap:8px;align-items:baseline;padding:3px 0;font-size:12px;overflow-wrap:anywhere}.line .i{align-self:flex-start;margin-top:2px}
.happened{border-left:2px solid var(--nba-error);padding-left:12px;margin:4px 0 8px}.gone{margin:2px 0 6px;max-width:76ch;white-space:pre-wrap;overflow-wrap:anywhere}
.card{border:1px solid var(--nba-line);border-radius:5px;margin:6px 0;overflow:hidden;background:var(--nba-bg)}
.card.err{border-color:var(--nba-error);border-left-width:3px}.card.warn{border-color:var(--nba-warn);border-left-width:3px}
.ch{display:flex;align-items:center;gap:8px;min-height:34px;padding:0 6px 0 12px}
.ch.sub{border-top:1px solid var(--nba-line)}
.ch .fn{font:600 12px var(--nba-code);flex:none;max-width:40%;overflow:hidden;text-overflow:ellipsis}.ch .spin{width:12px;height:12px}
.cb:not(:empty){border-top:1px solid var(--nba-line)}.ch.sub{border-top:0;border-bottom:1px solid var(--nba-line)}
.ask{border-top:1px solid var(--nba-line)}
.risk{display:grid;grid-template-columns:auto auto minmax(0,1fr);gap:2px 12px;padding:2px 12px 10px;overflow-wrap:anywhere}
.ask .sg{width:26px}.ln.hot{background:var(--nba-ask);box-shadow:inset 3px 0 0 var(--nba-warn)}
.act{display:flex;flex-wrap:wrap;align-items:center;gap:8px;padding:8px 12px;border-top:1px solid var(--nba-line)}
.act input,.act textarea{flex:1 1 240px;min-width:0;font-size:12px;padding:5px 8px;border:1px solid var(--nba-ctl-line);border-radius:4px;background:var(--nba-bg);color:inherit;resize:vertical}
.steer .act{border-top:0}.steer{border-top:1px solid var(--nba-line)}.queue{padding:8px 12px 0;overflow-wrap:anywhere}
.b.wrap{white-space:normal;height:auto;min-height:30px;line-height:1.3;text-align:left}
@container (max-width:480px){.risk{grid-template-columns:1fr;gap:0}.risk>span+b{font-weight:600}}
.ask p{margin:0;padding:0 12px 8px}
.acts{display:flex;flex-wrap:wrap;gap:6px;padding:0 12px 8px}
.oh{display:flex;align-items:center;gap:8px;min-height:34px;padding:0 6px 0 12px;border-top:1px solid var(--nba-line)}
.out{padding:0 12px 8px}.out>*+*{margin-top:8px}.oh[hidden]+.out:not(:empty){padding-top:8px;border-top:1px solid var(--nba-line)}
.text{white-space:pre-wrap;overflow-wrap:anywhere}.text.stderr{border-left:2px solid var(--nba-error);padding-left:8px}
.stream{max-height:240px;overflow-y:auto}.stream::after{content:"";display:inline-block;width:7px;height:13px;background:var(--nba-tool);vertical-align:-2px;animation:nba-bl 1s steps(2) infinite}
.tb{max-height:360px;overflow:auto;padding:6px 0 2px}
.flush .more{margin:0}.foot{padding:0 12px 8px}.out:empty{display:none}
.card.err .out{background:var(--nba-bg)}
.fig{background:#fff;border-radius:3px;display:block;max-width:100%;height:auto}
.scroll{overflow-x:auto;max-width:100%}
table.t{border-collapse:collapse;font-size:12px}
table.t th,table.t td{padding:4px 10px;text-align:right;border:0;white-space:nowrap;font-weight:400}
table.t th{font-weight:600}table.t thead th{border-bottom:1px solid var(--nba-line-strong)}
table.t tbody tr:nth-child(odd){background:var(--nba-wash)}
table.t .a-left{text-align:left}table.t .a-center{text-align:center}table.t .a-right{text-align:right}
.note{padding-top:4px}
.md{font-size:14px;line-height:1.6;max-width:calc(78ch + 32px);color:var(--jp-content-font-color1,inherit);overflow-wrap:anywhere}
.top .md{padding:12px 16px 4px}
.md p{margin:0 0 10px}.md ul,.md ol{margin:0 0 10px;padding-left:22px}.md li{margin:2px 0}.md blockquote{margin:0 0 10px;padding-left:12px;border-left:3px solid var(--nba-line-strong)}
.md .h1{font-size:18px}.md .h2,.md .h3{font-size:16px}.md [role=heading]{font-weight:600;margin:4px 0 6px;line-height:1.35}
.md .block{background:var(--nba-code-bg);padding:8px 12px;border-radius:4px;margin:0 0 10px}.md hr{border:0;border-top:1px solid var(--nba-line);margin:12px 0}
.md code{font-size:.9em;background:var(--nba-wash);padding:1px 3px;border-radius:3px}.md .block code{background:none}.md table.t{font-size:13px;margin:0 0 12px}.md table.t th,.md table.t td{white-space:normal}
::highlight(nba-find){background:#ffd33d;color:#000}
`;
