import { describe, expect, it } from 'vitest';
import { type Chart, svg } from '../../../src/thresholds/html/chart.js';
import { escape } from '../../../src/thresholds/html/escape.js';
import { share, threshold, whole } from '../../../src/thresholds/html/number-text.js';
import { renderHtml, renderSvgs } from '../../../src/thresholds/html/render-html.js';
import { sampleReport } from './sample-report.js';

describe('the page', () => {
  const html = renderHtml([sampleReport()]);

  it('is the same for the same report', () => {
    expect(renderHtml([sampleReport()])).toBe(html);
    expect(renderSvgs([sampleReport()])).toEqual(renderSvgs([sampleReport()]));
  });

  it('says the verdict first, and names what was measured', () => {
    const order = [
      '84.2',
      'Before you believe it',
      '>threshold<',
      '<svg class="chart" ',
      'Protocol',
    ];
    const places = order.map((text) => html.indexOf(text));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    for (const text of [
      'lfw-1',
      'ab'.repeat(32),
      'seed 1',
      'likeness thresholds',
      'tfjs-wasm, avx2',
    ])
      expect(html).toContain(text);
  });

  it('lets nothing of the data become markup', () => {
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<door>');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    const report = sampleReport();
    report.worst.falseMatches[0]!.a.thumbnail = 'data:image/svg+xml,<svg onload="alert(1)">';
    report.worst.falseMatches[0]!.b.thumbnail = 'https://elsewhere/x.jpg';
    const odd = renderHtml([report], { title: '"><img src=x onerror=alert(1)>' });
    expect(odd).not.toMatch(/onload="|<img src=x|elsewhere/);
    // Every attribute is ours: no inline style or handler, which the page's own policy would forbid.
    expect(odd).not.toMatch(/<[^>]* (style|on\w+)=/);
  });

  it('has a table of figures for every chart, and names for who cannot see it', () => {
    const charts = html.match(/<figure/g)!.length;
    expect(charts).toBe(10);
    expect(html.match(/<summary>Figures<\/summary>/g)).toHaveLength(charts);
    expect(html.match(/role="img" aria-labelledby/g)).toHaveLength(charts);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refuses to be about nothing', () => {
    expect(() => renderHtml([])).toThrow(RangeError);
  });
});

describe('a chart', () => {
  const chart: Chart = {
    name: 'c',
    title: 'T',
    description: 'D',
    x: { label: 'x', kind: 'linear', from: 0, to: 10 },
    y: { label: 'y', kind: 'log', from: 1e-3, to: 1 },
    series: [
      {
        name: 's',
        points: [
          { x: 0, y: 1 },
          { x: 5, y: 0 },
          { x: 10, y: 1e-3 },
        ],
      },
    ],
  };
  const line = (text: string): string => /class="line c0" d="([^"]+)"/.exec(text)?.[1] ?? '';

  it('puts values where the axes say, and breaks a line at what a logarithm has no place for', () => {
    expect(line(svg(chart))).toBe('M52 30M366 244');
  });

  it('keeps what lies beyond an axis at its edge', () => {
    const points = [
      { x: -5, y: 10 },
      { x: 50, y: 1e-9 },
    ];
    expect(line(svg({ ...chart, series: [{ name: 's', points }] }))).toBe('M52 30L366 244');
  });
});

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.049, '4.9\u00a0%'],
    [0.4567, '45.7\u00a0%'],
    [1e-4, '10⁻⁴'],
    [3.2e-6, '3.2\u00a0×\u00a010⁻⁶'],
  ])('%d reads %s', (value, text) => {
    expect(share(value)).toBe(text);
  });

  it('are short, and the same on every machine', () => {
    expect([threshold(84.15), threshold(0.512345), threshold(75)]).toEqual([
      '84.2',
      '0.5123',
      '75',
    ]);
    expect(whole(1718188)).toBe('1\u202f718\u202f188');
  });

  it('escape leaves no character that XML forbids', () => {
    expect(escape('a\u0000<b>&"\'')).toBe('a\ufffd&lt;b&gt;&amp;&quot;&#39;');
  });
});
