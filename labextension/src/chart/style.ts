// The chart's style sheet. Colours are the view's variables, and so are its switch's rules.

export const CHART_CSS = `
.nba-chart{position:relative;container-type:inline-size;font-variant-numeric:tabular-nums;min-width:0}
.nba-chart *{box-sizing:border-box}
.nba-chart-head{display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px;min-height:32px}
.nba-chart-said{flex:1 1 120px;min-width:0;font-size:12px;color:var(--nba-text2);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.nba-chart-legend{display:flex;flex-wrap:wrap;gap:0 12px;font-size:11px;color:var(--nba-text2);margin:0;padding:0;list-style:none}
.nba-chart-legend li{display:inline-flex;gap:5px;align-items:center;margin:0}
.nba-chart-legend svg{width:14px;height:10px;flex:none}
.nba-defs{position:absolute}
.nba-plot,.nba-rows{position:relative;width:100%}
.nba-rows{max-height:324px;overflow-y:auto;overflow-x:hidden}
.nba-plot canvas,.nba-plot>svg,.nba-rows svg{display:block;width:100%;overflow:visible}
.nba-plot canvas{position:absolute;inset:0;height:100%}
.nba-plot>svg{position:relative}
.nba-cursor{position:absolute;cursor:crosshair;touch-action:pan-y}
.nba-rows .nba-cursor{cursor:pointer}
.nba-cursor:focus-visible{outline:2px solid var(--nba-accent);outline-offset:1px}
.nba-chart svg text{font:11px var(--nba-ui);fill:var(--nba-text2)}
.nba-chart svg text.nba-mono{font-family:var(--nba-code)}
.nba-chart svg text.nba-big{font-size:20px;font-weight:600;fill:var(--nba-text)}
.nba-chart svg text.nba-said{fill:var(--nba-text)}
.nba-chart svg text.nba-stall-words{fill:var(--nba-error)}
.nba-chart svg text.nba-halo{paint-order:stroke;stroke:var(--nba-bg);stroke-width:4px;stroke-linejoin:round}
.nba-ax{stroke:var(--nba-line)}
.nba-mark{stroke:var(--nba-line);stroke-dasharray:1 3}
.nba-ax2{stroke:var(--nba-text2);stroke-dasharray:2 3}
.nba-edge{stroke:var(--nba-accent);stroke-width:1.5}
.nba-frame{fill:var(--nba-accent);fill-opacity:.12;stroke:var(--nba-accent);stroke-width:1.5}
.nba-frame[hidden]{display:none}
.nba-tick{stroke:var(--nba-error);stroke-width:2}
.nba-context{stroke:var(--nba-text);stroke-width:1.25;fill:none}
.nba-range{cursor:ew-resize}
.nba-hair{stroke:var(--nba-text2)}
.nba-stall{stroke:var(--nba-error);stroke-width:1.5;fill:none}
.nba-chosen{fill:var(--nba-wash2)}
.nba-chart-headline{margin:2px 0 0;font-size:12px;color:var(--nba-text2)}
.nba-chart-scroll{max-height:324px;overflow:auto}
.nba-chart-table{border-collapse:collapse;font-size:12px;margin:4px 0}
.nba-chart-table caption{text-align:left;padding:0 0 4px;color:var(--nba-text2)}
.nba-chart-table th,.nba-chart-table td{padding:3px 10px;text-align:right;border:0;white-space:nowrap}
.nba-chart-table thead th{border-bottom:1px solid var(--nba-line-strong);font-weight:600}
@container (max-width:640px){.nba-chart-legend{display:none}}
@media (forced-colors:active){
.nba-chart{--nba-wait:CanvasText;--nba-reason:CanvasText;--nba-args:CanvasText;--nba-answer:CanvasText;--nba-tool:CanvasText;--nba-warn:CanvasText;--nba-error:CanvasText;--nba-text:CanvasText;--nba-text2:CanvasText;--nba-line:CanvasText;--nba-bg:Canvas;--nba-accent:Highlight}
}
`;
