import * as Plot from '@observablehq/plot';
import type { FaultName } from '../fault-names.ts';
import { SERIES_FROM_MS, SERIES_STEP_MS } from '../pauses.ts';
import type { Run } from '../results.ts';
import { faultsOf, middleRun, SHOWN_FAULTS, SHOWN_SYSTEMS, weighed } from './summary.ts';
import { svgOf } from './svg.ts';
import type { Theme } from './theme.ts';

/** Acknowledgements per 100 ms through a power cut, the two systems above each other on one axis of time. */
export function powerCutPicture(all: readonly Run[], theme: Theme): string {
  const { runs } = weighed(all);
  const shown = (['farol', 'synapse'] as const).map((system) =>
    middleRun(runs, { system, fault: 'power-loss' }),
  );
  const steps = Math.max(...shown.map(({ acknowledgements }) => acknowledgements.length));
  const until = secondOf(steps);
  const points = shown.flatMap(({ system, acknowledgements }) =>
    acknowledgements.map((count, step) => ({
      system: SHOWN_SYSTEMS[system],
      at: secondOf(step),
      count,
    })),
  );
  const most = Math.max(...points.map(({ count }) => count));
  const lane = { low: -most * 0.3, high: -most * 0.1 };
  const answering = shown.flatMap(({ system, answers }) =>
    spansOf(answers).map(({ from, to }) => ({ system: SHOWN_SYSTEMS[system], from, to })),
  );
  const named = shown.map(({ system }) => SHOWN_SYSTEMS[system]);
  return svgOf(theme, {
    height: 440,
    title: 'Acknowledged messages per 100 ms through the loss of the active site’s power',
    x: { label: 'seconds since the power went', domain: [-SERIES_FROM_MS / 1_000, until] },
    y: { label: null, domain: [lane.low, most * 1.35], ticks: [0, most] },
    fy: { label: null, domain: named, axis: null, paddingInner: 0.16 },
    color: {
      domain: named,
      range: Object.values(theme.colors),
    },
    marks: [
      Plot.areaY(points, {
        x: 'at',
        y: 'count',
        fy: 'system',
        fill: 'system',
        curve: 'step-after',
      }),
      Plot.rect(answering, {
        ...{ x1: 'from', x2: 'to', fy: 'system', fill: theme.answers },
        ...{ y1: () => lane.low, y2: () => lane.high },
      }),
      Plot.ruleY([0], { stroke: theme.faint }),
      Plot.ruleX([0], { stroke: theme.fault, strokeDasharray: '3 3' }),
      Plot.text(shown, {
        ...{ text: ({ system }: Run) => SHOWN_SYSTEMS[system], fontWeight: 600 },
        ...{ fy: shownSystem, frameAnchor: 'top-left', dx: 4, dy: -16 },
      }),
      Plot.text(shown, {
        ...{ text: outageSaid, fy: shownSystem, frameAnchor: 'top-left', dx: 4, dy: 3 },
        ...{ stroke: theme.background, strokeWidth: 4, fill: theme.text },
      }),
    ],
  });
}

/** Each run of each fault as a point on an axis of time. */
export function outagesPicture(all: readonly Run[], theme: Theme): string {
  const { runs } = weighed(all);
  const faults = faultsOf(runs);
  const shown = runs.filter(({ fault }) => faults.includes(fault));
  const seconds = ({ withoutAcknowledgementMs: ms }: Run) => Math.max(ms / 1_000, LEAST_SHOWN_S);
  const most = Math.max(1, ...shown.map(seconds));
  const ticks = TICKS.filter((tick) => tick <= most);
  const systems = Object.values(SHOWN_SYSTEMS);
  const legend = systems.map((text, index) => ({ text: `● ${text}`, index }));
  return svgOf(theme, {
    height: 96 + 66 * faults.length,
    ...{ marginLeft: 24, marginRight: 30, marginTop: 54 },
    title: 'Time without acknowledgement, a point for each run',
    x: { type: 'log', axis: null, domain: [LEAST_SHOWN_S, most] },
    y: { label: null, axis: null, domain: systems, padding: 0.6 },
    fy: {
      label: null,
      domain: faults.map((fault) => SHOWN_FAULTS[fault]),
      axis: null,
      padding: 0.3,
    },
    color: { domain: systems, range: Object.values(theme.colors) },
    marks: [
      Plot.gridX(ticks),
      // The scale's own labels leave out some of these.
      Plot.axisX(ticks, {
        text: (tick: number) => (tick === LEAST_SHOWN_S ? `≤ ${tick}` : `${tick}`),
        label: 'seconds without acknowledgement',
      }),
      ...legend.map(({ text, index }) =>
        Plot.text([text], {
          ...{ text: [text], fill: Object.values(theme.colors)[index]!, fontWeight: 600 },
          ...{ fy: [SHOWN_FAULTS[faults[0]!]], frameAnchor: 'top-left', dx: 90 * index, dy: -48 },
        }),
      ),
      Plot.text(faults, {
        ...{ text: (fault: FaultName) => SHOWN_FAULTS[fault], frameAnchor: 'top-left', dy: -16 },
        fy: (fault: FaultName) => SHOWN_FAULTS[fault],
      }),
      Plot.dot(shown, {
        ...{ x: seconds, y: shownSystem, fy: ({ fault }: Run) => SHOWN_FAULTS[fault] },
        ...{ fill: shownSystem, r: 6, fillOpacity: 0.75 },
      }),
    ],
  });
}

const TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200];

/** What has no pause of half a second stands at half. */
const LEAST_SHOWN_S = 0.5;

const secondOf = (step: number): number => (step * SERIES_STEP_MS - SERIES_FROM_MS) / 1_000;

const shownSystem = ({ system }: Run): string => SHOWN_SYSTEMS[system];

function outageSaid({ withoutAcknowledgementMs, messagesFailed }: Run): string {
  const waited = `${(withoutAcknowledgementMs / 1_000).toFixed(1)} s without acknowledgement`;
  const failed = messagesFailed === 0 ? 'no message' : `${messagesFailed} messages`;
  return `${waited}, ${failed} failed at first`;
}

/** Two probes a tenth of a second apart may come in one step and none in the next: that is no silence. */
const SILENCE_STEPS = 5;

function spansOf(answers: readonly number[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const [step, count] of answers.entries()) {
    if (count === 0) continue;
    const to = secondOf(step + 1);
    if (step - last > SILENCE_STEPS) spans.push({ from: secondOf(step), to });
    else spans.at(-1)!.to = to;
    last = step;
  }
  return spans;
}
