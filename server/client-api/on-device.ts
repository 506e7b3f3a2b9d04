import { missingParam } from '../http/matrix-error.ts';
import type { OnDevice, Person } from '../protocol/caller.ts';

/** For what belongs to a device. Only an application service can leave open for which. */
export function onDevice<P extends Person>(caller: P): OnDevice<P> {
  if (isOnDevice(caller)) return caller;
  throw missingParam('device_id is missing: the application service must name one of the user');
}

const isOnDevice = <P extends Person>(caller: P): caller is OnDevice<P> =>
  caller.deviceId !== undefined;
