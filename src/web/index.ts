/** The loopback listener: where the browser's answer to a sign-in, and the local forms, arrive. */
export {
  createLoopbackListener,
  type LoopbackListenerOptions,
  loadWebParts,
  type TakeoverListener,
} from './listener.js';
