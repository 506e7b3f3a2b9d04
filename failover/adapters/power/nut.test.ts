import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { powerFrom, readPower } from './nut.ts';

test.each([
  ['VAR ups1 ups.status "OL"', 'mains'],
  ['VAR ups1 ups.status "OL CHRG"', 'mains'],
  ['VAR ups1 ups.status "OB DISCHRG"', 'battery'],
  ['VAR ups1 ups.status "OB LB"', 'low'],
  ['VAR ups1 ups.status "FSD OL"', 'low'],
  ['VAR ups1 ups.status "OL LB"', 'mains'],
  ['VAR ups1 ups.status "WAIT"', 'unknown'],
  ['ERR DATA-STALE', 'unknown'],
  ['ERR DRIVER-NOT-CONNECTED', 'unknown'],
  ['ERR UNKNOWN-UPS', 'unknown'],
  ['', 'unknown'],
])('upsd says %j: power is %s', (line, power) => {
  expect(powerFrom(line)).toBe(power);
});

test('the status is asked of upsd over TCP', async () => {
  const asked: string[] = [];
  const upsd = createServer((socket) => {
    socket.on('data', (data) => {
      asked.push(data.toString());
      socket.write('VAR ups1 ups.status "OB"\n');
    });
  });
  upsd.listen(0, '127.0.0.1');
  await once(upsd, 'listening');
  onTestFinished(() => void upsd.close());
  const { port } = upsd.address() as AddressInfo;
  expect(await readPower({ host: '127.0.0.1', port, ups: 'ups1' })).toBe('battery');
  expect(asked).toEqual(['GET VAR ups1 ups.status\n']);
});

test('an upsd that is not there leaves the power unknown', async () => {
  expect(await readPower({ host: '127.0.0.1', port: 1, ups: 'ups1' })).toBe('unknown');
});
