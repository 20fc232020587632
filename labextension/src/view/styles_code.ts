// The part of the sheets for code: its colours, the lines of a difference, what is folded.

export const CODE = `
.code{background:var(--nba-code-bg)}.code pre{padding:8px 12px}.code pre:focus-visible{outline-offset:-2px}
.code .more{padding:0 12px}
.more{display:block;width:100%;height:24px;min-width:0;border:0;border-radius:0;background:transparent;color:var(--nba-text2);font-size:12px;text-align:left;padding:0;justify-content:flex-start}
.more:hover{color:var(--nba-text)}
.ln{display:block;min-width:max-content;margin:0 -12px;padding:0 12px}
.ln.add{background:var(--nba-add)}.ln.del{background:var(--nba-del)}.ln.bad{background:var(--nba-del);box-shadow:inset 3px 0 0 var(--nba-error)}
.sg{display:inline-block;width:14px;color:var(--nba-text2);user-select:none}
.k,.bi{color:var(--nba-kw)}.k{font-weight:600}.q{color:var(--nba-str)}.n{color:var(--nba-num)}.c{color:var(--nba-comment);font-style:italic}.d{color:var(--nba-prop)}.o{color:var(--nba-op)}
`;
