import type { Carried } from './carried.ts';
import { type Carriage, carry, type Ports } from './carry.ts';
import type { KeptBodies } from './kept-bodies.ts';

interface Lender {
  readonly bodies: KeptBodies;
  readonly ports: Ports;
}

/**
 * Has a request carried. Of what is kept here the writer is asked only whether it is the same. Meanwhile nothing is held for that, since a
 * request may wait for a writer for long: what was kept, or the room to send it, may be gone by the answer, and then all of it is asked for.
 */
export async function carryOrLend(request: Carried, lender: Lender): Promise<Carriage> {
  const { bodies, ports } = lender;
  const asking = bodies.asking(request);
  const carriage = await carryAndNote(asking ?? request, lender);
  if (asking === undefined || carriage.kind !== 'answer') return carriage;
  if (carriage.answer.status !== 304) return carriage;
  const answer = bodies.lend(request, carriage.answer);
  if (answer !== undefined) return { ...carriage, answer };
  ports.flights.end(carriage.flight);
  carriage.answer.over();
  return carryAndNote(request, lender);
}

async function carryAndNote(request: Carried, { bodies, ports }: Lender): Promise<Carriage> {
  const carriage = await carry(request, ports);
  if (carriage.kind === 'answer') bodies.note(request, carriage.answer);
  return carriage;
}
