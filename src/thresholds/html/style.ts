import { CHART_STYLE, theme } from './chart.js';

/** The page's style: system fonts, one column on a phone, three charts in a row on a desk, and paper. */
export const STYLE = `${theme(':root')}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--sheet);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1240px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:26px;line-height:1.2;margin:2px 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:18px;line-height:1.3;margin:40px 0 4px}
h3{font-size:14px;line-height:1.35;margin:0 0 2px}
p{margin:0 0 10px;max-width:76ch}
.eyebrow{color:var(--muted);font-size:13px;margin:0}
.lead,.note,figcaption p,td.muted{color:var(--muted)}
.lead{margin-bottom:14px}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px}
.verdict{display:grid;grid-template-columns:minmax(220px,auto) 1fr;gap:8px 36px;padding:24px 26px;margin:20px 0 14px;border-left:5px solid var(--accent)}
.verdict>*{min-width:0}
.verdict h2{margin:0;font-size:14px;font-weight:600;color:var(--muted)}
.big{font-size:58px;line-height:1.05;font-weight:700;letter-spacing:-.02em;color:var(--accent);margin:2px 0 0}
.big.none{font-size:26px;line-height:1.25}
.interval{color:var(--muted);font-size:13.5px}
.verdict ul{margin:0;padding-left:18px}
.verdict li{margin:0 0 7px;max-width:72ch}
.verdict li:first-child{font-weight:600}
.facts{display:flex;flex-wrap:wrap;gap:10px 30px;margin:14px 0 0;padding:0}
.facts div{min-width:120px}
.facts dt{font-size:13px;color:var(--muted)}
.facts dd{margin:0;font-size:20px;font-weight:650;line-height:1.25}
.facts dd span{display:block;font-size:13px;font-weight:400;color:var(--muted)}
.required{grid-column:1/-1;list-style:none;padding:12px 0 0!important;border-top:1px solid var(--line);font-weight:400}
.required li{font-weight:400!important;margin:0}
.met{color:var(--good);font-weight:650}.missed{color:var(--bad);font-weight:650}
.warnings{border-left:5px solid var(--warn);background:var(--warn-soft);padding:14px 20px;margin:0 0 14px}
.warnings h2{margin:0 0 6px;font-size:15px;color:var(--warn)}
.warnings ul{margin:0;padding-left:18px}
.warnings li{margin:0 0 6px;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));gap:14px}
@media (min-width:721px){.charts.pairwise{grid-template-columns:1fr 1fr}}
figure{margin:0;padding:16px 16px 12px;display:flex;flex-direction:column;min-width:0;break-inside:avoid}
figure .chart{display:block;width:100%;max-width:480px;height:auto;margin:8px auto 0}
figcaption p{font-size:13px;margin:0;line-height:1.4}
details{margin-top:8px;font-size:13.5px}
summary{cursor:pointer;color:var(--muted);padding:3px 0}
summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.scroll{overflow-x:auto;max-width:100%}
.scroll:focus-visible{outline:2px solid var(--accent)}
.scroll.tall{max-height:320px;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
.caption{color:var(--muted);font-size:13px;margin:0 0 4px}
th,td{padding:7px 12px 7px 0;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child{text-align:left}
thead th{color:var(--muted);font-weight:600;border-bottom-color:var(--axis);vertical-align:bottom}
tbody th{font-weight:600;min-width:4.2em}
tbody th .interval{display:block;font-size:12.5px;font-weight:400}
td .interval{display:block;font-size:12.5px;white-space:nowrap}
tr.chosen th,tr.chosen td{background:var(--accent-soft)}
tr.chosen th{color:var(--accent);box-shadow:inset 3px 0 var(--accent);padding-left:10px}
.panel{padding:18px 20px 10px;margin-top:12px}
.panel+.panel{margin-top:14px}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(250px,100%),1fr));gap:12px;padding:0;margin:10px 0 0;list-style:none}
.pairs li{padding:12px;min-width:0;break-inside:avoid}
.panel h3:not(:first-child){margin-top:22px}
.pairs .score{font-weight:650}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:10px;margin-top:6px}
.sides>div{min-width:0;font-size:12.5px;line-height:1.35;overflow-wrap:anywhere}
.sides img{display:block;width:100%;max-width:112px;aspect-ratio:1;object-fit:cover;border-radius:6px;background:var(--line);margin-bottom:5px}
.sides b{display:block;font-weight:600}
.sides span{color:var(--muted)}
dl.protocol{display:grid;grid-template-columns:minmax(110px,190px) 1fr;gap:6px 18px;margin:0;font-size:13.5px}
dl.protocol dt{color:var(--muted)}
dl.protocol dd{margin:0;min-width:0;overflow-wrap:anywhere}
code{font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.strip{display:block;width:100%;height:auto;margin-top:14px}
footer{color:var(--muted);font-size:13px;margin-top:32px}
@media (max-width:720px){main{padding:18px 12px 32px}h1{font-size:22px}.verdict{grid-template-columns:1fr;padding:18px}.big{font-size:48px}.panel{padding:14px}figure{padding:14px 10px 10px}dl.protocol{grid-template-columns:1fr;gap:0}dl.protocol dd{margin-bottom:8px}th,td{padding-right:9px}table{font-size:13px}td .interval{white-space:normal;font-size:12px;min-width:5.2em}}
@media print{body{background:#fff;font-size:11px}main{max-width:none;padding:0}.charts{grid-template-columns:repeat(2,1fr)}.card{border-color:#ccc}details:not([open])>*{display:none}h2{break-after:avoid}tr,li{break-inside:avoid}.scroll.tall{max-height:none}}
${CHART_STYLE}`;
