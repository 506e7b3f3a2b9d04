import { deleteDevice } from './delete-device.ts';
import { deleteDevices } from './delete-devices.ts';
import { getDevice } from './get-device.ts';
import { getDevices } from './get-devices.ts';
import { updateDevice } from './update-device.ts';

export const deviceEndpoints = [getDevices, getDevice, updateDevice, deleteDevice, deleteDevices];
