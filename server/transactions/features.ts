import type { Stored } from '../log/stored.ts';
import { Complaints } from './complaints.ts';
import { type EduPorts, Edus } from './edus/edus.ts';
import { SharedRooms } from './edus/shared-rooms.ts';
import { OriginTurns } from './origin-turns.ts';
import type { PduPorts } from './pdus.ts';
import { Transactions } from './transactions.ts';
import { UnknownRooms } from './unknown-rooms.ts';

type Ports = Pick<PduPorts, 'roomReceiver'> &
  Pick<EduPorts, 'typing' | 'receipts' | 'presence' | 'toDevice'> & {
    readonly rooms: EduPorts['rooms'] & ConstructorParameters<typeof SharedRooms>[0]['rooms'];
    readonly roomReceiver: ConstructorParameters<typeof SharedRooms>[0]['roomReceiver'];
    /** Of what others send that is not as it should be. */
    readonly onError: (error: unknown) => void;
  };

/** Everything of this folder, put together. */
export function transactionFeatures({ database, log, now }: Stored, ports: Ports) {
  const complaints = new Complaints({ onError: ports.onError, now });
  const sharedRooms = new SharedRooms(ports);
  const edus = new Edus({ ...ports, database, log, now, complaints, sharedRooms });
  const unknownRooms = new UnknownRooms({ log, now });
  const { roomReceiver } = ports;
  const turns = new OriginTurns();
  const parts = { log, turns, edus, roomReceiver, unknownRooms, complaints };
  return { ports: { transactions: new Transactions(parts) }, close() {} };
}
