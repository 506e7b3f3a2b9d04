/** From where on a member of etcd is said to fill. */
export { WARNED_FROM } from '../core/etcd-room.ts';
