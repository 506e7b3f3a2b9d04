import type { AccountData } from '../../accounts/account-data.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import type { LogReader } from '../../log/log.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { KeyCounts } from '../active/device.ts';
import type { DeviceLists } from '../device-lists.ts';
import type { CutPorts } from '../engine/cut.ts';
import type { Built } from '../engine/long-poll.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { ToDevice } from '../to-device.ts';
import type { UnreadCounts } from '../unread/unread-counts.ts';
import type { SyncAnswer } from './answer-text.ts';
import type { SinceToken } from './since.ts';

/** What answers are made of. */
export interface BuildPorts extends CutPorts {
  readonly log: LogReader;
  readonly rooms: Pick<
    Rooms,
    'openAll' | 'known' | 'roomsOf' | 'knownRoomsOf' | 'lastPosition' | 'membersOfDeleted'
  >;
  readonly accountData: Pick<AccountData, 'changed' | 'get'>;
  readonly pushRules: Pick<PushRules, 'of'>;
  /** Whose invites nobody blocks: the server's own. */
  readonly noticesFrom?: UserId | undefined;
  readonly keyCounts: (userId: UserId, deviceId: string) => Promise<KeyCounts>;
  readonly receipts: Receipts;
  readonly unread: UnreadCounts;
  readonly toDevice: ToDevice;
  readonly deviceLists: DeviceLists;
}

export interface BuiltAnswer<InForm> extends Built<SinceToken> {
  readonly answer: SyncAnswer<InForm>;
}
