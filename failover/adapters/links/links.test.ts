import { expect, test } from 'vitest';
import { TIMINGS } from '../../core/timings.ts';
import { connectionIn } from './connections.ts';
import { Links } from './links.ts';

const KNOWN =
  'cubic wscale:10,10 rto:204 rtt:0.52/0.2 ato:40 mss:1448 cwnd:10 bytes_sent:3 bytes_retrans:9 segs_out:5 segs_in:4 data_segs_out:120 data_segs_in:1 lastsnd:220 retrans:1/7 rcv_space:65495 minrtt:0.006';

test.each([
  ['10.0.0.1:35456', '10.0.0.2:2380', '10.0.0.2'],
  ['[fd00::1]:35456', '[fd00::2]:5432', 'fd00::2'],
  ['[::ffff:10.0.0.1]:8481', '[::ffff:10.0.0.2]:40000', '10.0.0.2'],
])('what the kernel says of a connection from %s to %s is read', (local, peer, host) => {
  const read = connectionIn(`ESTAB 0      0      ${local}  ${peer} ${KNOWN}`);
  expect(read).toEqual({ id: `${local} ${peer}`, host, sent: 120, again: 7, rttMs: 0.52 });
});

test('nothing was sent again where it does not say so, and what has sent nothing is nobody', () => {
  const line = `ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 ${KNOWN}`;
  expect(connectionIn(line.replace('retrans:1/7', ''))).toMatchObject({ again: 0 });
  expect(connectionIn(line.replace('data_segs_out:120', ''))).toBeNull();
  for (const odd of ['', 'State Recv-Q', 'ESTAB 0 0 here there'])
    expect(connectionIn(odd)).toBeNull();
});

test('the part that was sent again is that of the last ten seconds, over all connections with a host', async () => {
  const kernel = new Kernel();
  const links = kernel.watched('https://10.0.0.2:2379', 'https://10.0.0.3:2379');
  kernel.connections = [
    { port: 1, host: '10.0.0.2', sent: 1_000, again: 500, rttMs: 3 },
    { port: 2, host: '10.0.0.3', sent: 1_000, again: 0, rttMs: 9 },
  ];
  // Of what was before it is not known when that was.
  expect(await links.look()).toEqual({ '10.0.0.2': UNKNOWN, '10.0.0.3': UNKNOWN });
  kernel.send(1, 40, 4);
  kernel.send(2, 40, 1);
  kernel.connections.push({ port: 3, host: '10.0.0.2', sent: 10, again: 6, rttMs: 5 });
  expect(await links.look()).toEqual({
    '10.0.0.2': { lost: 0.2, rttMs: 3 },
    // One packet may be lost anywhere.
    '10.0.0.3': { lost: 0, rttMs: 9 },
  });
  kernel.now += 10_000;
  kernel.send(1, 30, 0);
  expect(await links.look()).toMatchObject({ '10.0.0.2': { lost: 0 }, '10.0.0.3': UNKNOWN });
});

test('a line that was cut for three seconds, and is well since, is not called lossy for as long as a sick card is waited for', async () => {
  const kernel = new Kernel();
  const links = kernel.watched('https://10.0.0.2:2379');
  kernel.connections = [{ port: 1, host: '10.0.0.2', sent: 900, again: 0, rttMs: 3 }];
  await links.look();
  const lost: (number | null)[] = [];
  for (let second = 1; second <= 10; second++) {
    kernel.now += 1_000;
    // Each of six connections tries again after 0.2, 0.6, 1.4 and 3 s.
    kernel.send(1, second <= 3 ? 8 : 30, second <= 3 ? 8 : 0);
    lost.push((await links.look())['10.0.0.2']!.lost);
  }
  const sick = lost.slice(3).filter((part) => part !== null && part >= 0.05);
  expect(sick.length).toBeLessThan(TIMINGS.linkPatienceMs / 1_000);
});

test('of too few packets nothing is said', async () => {
  const kernel = new Kernel();
  const links = kernel.watched('https://10.0.0.2:2379');
  kernel.connections = [{ port: 1, host: '10.0.0.2', sent: 5, again: 0, rttMs: 3 }];
  await links.look();
  kernel.send(1, 9, 9);
  expect(await links.look()).toEqual({ '10.0.0.2': UNKNOWN });
});

test('a connection that was begun anew between the same ends has counted from nothing', async () => {
  const kernel = new Kernel();
  const links = kernel.watched('https://10.0.0.2:2379');
  kernel.connections = [{ port: 1, host: '10.0.0.2', sent: 900, again: 90, rttMs: 3 }];
  await links.look();
  kernel.connections = [{ port: 1, host: '10.0.0.2', sent: 20, again: 10, rttMs: 3 }];
  expect(await links.look()).toMatchObject({ '10.0.0.2': { lost: 0.5 } });
});

test('an answer takes as long as on the fastest connection lately: one may wait for its program', async () => {
  const kernel = new Kernel();
  const links = kernel.watched('https://10.0.0.2:2379');
  kernel.connections = [
    { port: 1, host: '10.0.0.2', sent: 1, again: 0, rttMs: 3 },
    { port: 2, host: '10.0.0.2', sent: 1, again: 0, rttMs: 41 },
  ];
  const rtt = async (first: number, second: number) => {
    kernel.connections[0]!.rttMs = first;
    kernel.connections[1]!.rttMs = second;
    kernel.send(1, 20, 0);
    kernel.send(2, 20, 0);
    return (await links.look())['10.0.0.2']!.rttMs;
  };
  await links.look();
  expect(await rtt(3, 41)).toBe(3);
  kernel.now += 2_000;
  expect(await rtt(900, 1_200)).toBe(3);
  kernel.now += 2_000;
  expect(await rtt(900, 1_200)).toBe(900);
});

test('whoever is given by name is not watched, and the kernel is asked of nobody else', async () => {
  const kernel = new Kernel();
  const links = kernel.watched('https://site-b:2379', 'https://[fd00::2]:2379');
  await links.look();
  expect(kernel.askedOf).toEqual(['fd00::2']);
  const none = new Kernel();
  expect(await none.watched('https://site-b:2379').look()).toEqual({});
  expect(none.askedOf).toBeNull();
});

const UNKNOWN = { lost: null, rttMs: null };

interface Shown {
  port: number;
  host: string;
  sent: number;
  again: number;
  rttMs: number;
}

class Kernel {
  now = 100_000;
  connections: Shown[] = [];
  askedOf: readonly string[] | null = null;

  watched(...urls: string[]): Links {
    const ask = async (hosts: readonly string[]) => {
      this.askedOf = hosts;
      return this.connections.map(shown).join('\n');
    };
    return new Links({ urls, now: () => this.now, ask });
  }

  send(port: number, sent: number, again: number): void {
    const connection = this.connections.find((each) => each.port === port)!;
    connection.sent += sent;
    connection.again += again;
  }
}

const shown = ({ port, host, sent, again, rttMs }: Shown): string =>
  `ESTAB 0 0 10.0.0.1:${port} ${host}:2380 cubic rtt:${rttMs}/1 segs_out:9 data_segs_out:${sent} retrans:0/${again}`;
