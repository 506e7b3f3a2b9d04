import { deleteDehydratedDevice } from './delete-dehydrated-device.ts';
import { getDehydratedDevice } from './get-dehydrated-device.ts';
import { getDehydratedDeviceEvents } from './get-dehydrated-device-events.ts';
import { postDehydratedDeviceEvents } from './post-dehydrated-device-events.ts';
import { putDehydratedDevice } from './put-dehydrated-device.ts';

/** MSC3814. */
export const dehydratedDeviceEndpoints = [
  getDehydratedDevice,
  putDehydratedDevice,
  deleteDehydratedDevice,
  getDehydratedDeviceEvents,
  postDehydratedDeviceEvents,
];
