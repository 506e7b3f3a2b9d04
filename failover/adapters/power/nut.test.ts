import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { powerFrom, readPower, toldBy, type Ups } from './nut.ts';

test.each([
  ['VAR ups1 ups.status "OL"', 'mains'],
  ['VAR ups1 ups.status "OL CHRG"', 'mains'],
  ['VAR ups1 ups.status "OB DISCHRG"', 'battery'],
  ['VAR ups1 ups.status "OB LB"', 'low'],
  ['VAR ups1 ups.status "FSD OL"', 'low'],
  ['VAR ups1 ups.status "OL LB"', 'mains'],
  ['VAR ups1 ups.status "WAIT"', 'unknown'],
  ['VAR ups1 battery.charge "OL"', 'unknown'],
  ['ERR DATA-STALE', 'unknown'],
  ['ERR DRIVER-NOT-CONNECTED', 'unknown'],
  ['ERR UNKNOWN-UPS', 'unknown'],
  ['', 'unknown'],
])('upsd says %j: power is %s', (line, power) => {
  expect(powerFrom(line)).toBe(power);
});

const OB = 'VAR u ups.status "OB DISCHRG"';
const NONE = 'ERR VAR-NOT-SUPPORTED';
const runtime = (value: string) => `VAR u battery.runtime "${value}"`;
const low = (value: string) => `VAR u battery.runtime.low "${value}"`;
const charge = (value: string) => `VAR u battery.charge "${value}"`;

test('how long a battery lasts is told until NUT shuts the machine down, which is before it is empty', () => {
  expect(toldBy([OB, runtime('720'), low('120'), charge('83.5')])).toEqual({
    power: 'battery',
    battery: { charge: 0.835, leftMs: 600_000 },
  });
  expect(toldBy([OB, runtime('60'), low('120'), NONE]).battery).toEqual({
    charge: null,
    leftMs: 0,
  });
  expect(toldBy([OB, NONE, low('120'), NONE]).battery).toEqual({ charge: null, leftMs: null });
});

test('on mains no end is told, whatever the UPS reckons', () => {
  const { battery } = toldBy(['VAR u ups.status "OL"', runtime('720'), NONE, charge('40')]);
  expect(battery).toEqual({ charge: 0.4, leftMs: null });
});

test.each(['0', '-5', 'NaN', '1e9', '999999999', '', 'soon'])(
  'a runtime or a charge of "%s" is none',
  (value) => {
    const { power, battery } = toldBy([OB, runtime(value), NONE, charge(`${value}7777`)]);
    expect([power, battery]).toEqual(['battery', { charge: null, leftMs: null }]);
  },
);

test('each is asked of upsd over TCP', async () => {
  const upsd = await answering({ 'ups.status': 'OB', 'battery.runtime': '300' });
  expect(await readPower([upsd], 'all')).toEqual({
    power: 'battery',
    battery: { charge: null, leftMs: 300_000 },
  });
  expect(upsd.asked[0]).toBe('GET VAR ups1 ups.status');
});

test('of several the site needs all, or one is enough', async () => {
  const mains = await answering({ 'ups.status': 'OL', 'battery.charge': '100' });
  const short = await answering({ 'ups.status': 'OB', 'battery.runtime': '300' });
  const long = await answering({ 'ups.status': 'OB', 'battery.runtime': '900' });
  const ending = await answering({ 'ups.status': 'OB LB' });
  const away = { host: '127.0.0.1', port: 1, ups: 'ups1' };
  const left = async (upses: Ups[], needs: 'all' | 'one') => {
    const { power, battery } = await readPower(upses, needs);
    return [power, battery?.leftMs ?? null];
  };
  expect(await left([mains, long, short], 'all')).toEqual(['battery', 300_000]);
  expect(await left([mains, long, ending], 'all')).toEqual(['low', null]);
  expect(await left([mains, away], 'all')).toEqual(['unknown', null]);
  expect(await left([mains, long, short], 'one')).toEqual(['mains', null]);
  expect(await left([ending, short, long], 'one')).toEqual(['battery', 900_000]);
  expect(await left([away, ending], 'one')).toEqual(['low', null]);
});

test('an upsd that is not there leaves the power unknown, and so does one that hangs up or goes on and on', async () => {
  const unknown = { power: 'unknown', battery: null };
  expect(await readPower([{ host: '127.0.0.1', port: 1, ups: 'ups1' }], 'all')).toEqual(unknown);
  const hangsUp = await listening((socket) => void socket.end('VAR ups1 ups.status "OL"\n'));
  expect(await readPower([hangsUp], 'all')).toEqual(unknown);
  const goesOn = await listening((socket) => void socket.write('x'.repeat(100_000)));
  expect(await readPower([goesOn], 'all')).toEqual(unknown);
});

test('where a user is told he comes first, quoted as NUT reads it; one that is refused leaves the power unknown', async () => {
  const passwordFile = join(temporaryFolder(), 'password');
  writeFileSync(passwordFile, 'se"sa\\me\n');
  const login = { user: 'farol', passwordFile };
  const heard: string[] = [];
  const letsIn = (answer: string) =>
    listening((socket) => {
      createInterface({ input: socket }).on('line', (line) => {
        heard.push(line);
        socket.write(line.startsWith('GET') ? 'VAR ups1 ups.status "OL"\n' : `${answer}\n`);
      });
    });
  const upsd = await letsIn('OK');
  expect((await readPower([{ ...upsd, login }], 'all')).power).toBe('mains');
  expect(heard.slice(0, 2)).toEqual(['USERNAME farol', 'PASSWORD "se\\"sa\\\\me"']);
  const refuses = await letsIn('ERR ACCESS-DENIED');
  expect((await readPower([{ ...refuses, login }], 'all')).power).toBe('unknown');
});

async function answering(values: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const ups = await listening((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      asked.push(line);
      const name = line.split(' ')[3]!;
      const known = name in values ? `VAR ups1 ${name} "${values[name]}"` : NONE;
      socket.write(`${known}\n`);
    });
  });
  return { ...ups, asked };
}

async function listening(serve: (socket: Socket) => void): Promise<Ups> {
  const upsd = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  upsd.listen(0, '127.0.0.1');
  await once(upsd, 'listening');
  onTestFinished(() => void upsd.close());
  return { host: '127.0.0.1', port: (upsd.address() as AddressInfo).port, ups: 'ups1' };
}
