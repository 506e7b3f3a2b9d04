import type { Battery, Power } from '../../core/view.ts';
import { askUpsd, type Upsd } from './upsd.ts';

export interface Ups extends Upsd {
  /** The name of the UPS at its upsd. */
  readonly ups: string;
}

/** Of one UPS, or of a whole site. */
export interface Told {
  readonly power: Power;
  readonly battery: Battery | null;
}

const ASKED = ['ups.status', 'battery.runtime', 'battery.runtime.low', 'battery.charge'] as const;

/** With several the site needs all of them, or any one is enough. */
export async function readPower(upses: readonly Ups[], needs: 'all' | 'one'): Promise<Told> {
  const told = await Promise.all(upses.map(readUps));
  const kinds = needs === 'all' ? WORST_FIRST : BEST_FIRST;
  const power = kinds.find((kind) => told.some((each) => each.power === kind))!;
  const batteries = told.filter((each) => each.power === power).map(({ battery }) => battery);
  return { power, battery: batteries.toSorted(needs === 'all' ? shorter : longer)[0] ?? null };
}

/** What is not known may be any of them: a battery that is known says more. */
const WORST_FIRST: readonly Power[] = ['low', 'battery', 'unknown', 'mains'];
/** Where one is enough: that a silent one still carries the site nobody knows, so it hides none that ends. */
const BEST_FIRST: readonly Power[] = ['mains', 'battery', 'low', 'unknown'];

const lasts = (battery: Battery | null): number => battery?.leftMs ?? Number.MAX_VALUE;
const shorter = (a: Battery | null, b: Battery | null): number => lasts(a) - lasts(b);
/** One that does not say how long it lasts is no promise. */
const longer = (a: Battery | null, b: Battery | null): number =>
  (b?.leftMs ?? 0) - (a?.leftMs ?? 0);

/**
 * Asks a UPS how it is over the NUT protocol (RFC 9271). A driver that hangs, one that is just starting, and an upsd that does not
 * answer, answers nonsense, shows a foreign certificate or does not let us in are all "unknown": never taken for mains, nor for a
 * battery.
 */
async function readUps(ups: Ups): Promise<Told> {
  try {
    return toldBy(
      await askUpsd(
        ups,
        ASKED.map((name) => `GET VAR ${ups.ups} ${name}`),
      ),
    );
  } catch {
    return { power: 'unknown', battery: null };
  }
}

/** upsd answers in turn; where the UPS does not know a variable by ERR. */
export function toldBy([status = '', runtime = '', runtimeLow = '', charge = '']: string[]): Told {
  const power = powerFrom(status);
  if (power === 'unknown') return { power, battery: null };
  const [left, end] = [secondsFrom(runtime), secondsFrom(runtimeLow) ?? 0];
  const percent = numberFrom(charge);
  return {
    power,
    battery: {
      charge: percent === null || percent > 100 ? null : percent / 100,
      // Below `battery.runtime.low` it says LB, upon which NUT shuts the machine down.
      leftMs: left === null || power === 'mains' ? null : 1_000 * Math.max(0, left - end),
    },
  };
}

/** `VAR ups1 ups.status "OB DISCHRG LB"`: a set of words, of which new ones may come. */
export function powerFrom(line: string): Power {
  const status = valueIn(line, 'ups.status');
  if (status === null) return 'unknown';
  const words = new Set(status.split(' '));
  // FSD: upsd has ordered the shutdown; how full the battery is does not matter any more.
  if (words.has('FSD') || (words.has('OB') && words.has('LB'))) return 'low';
  if (words.has('OB')) return 'battery';
  return words.has('OL') ? 'mains' : 'unknown';
}

/** UPSes that do not know say 0, or a number beyond reason. */
function secondsFrom(line: string): number | null {
  const seconds = numberFrom(line);
  return seconds === null || seconds === 0 || seconds > RUNTIME_MAX_S ? null : seconds;
}

const RUNTIME_MAX_S = 7 * 86_400;

function numberFrom(line: string): number | null {
  const value = valueIn(line, 'battery\\.[a-z.]+');
  return value !== null && /^\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : null;
}

function valueIn(line: string, name: string): string | null {
  const [, value] = new RegExp(`^VAR \\S+ ${name} "([^"]*)"\\r?$`).exec(line) ?? [];
  return value ?? null;
}
