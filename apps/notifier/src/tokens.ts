/** The channels of the notifier's own configuration, as `NotificationChannels`. */
export const CHANNELS = Symbol('CHANNELS');
/** The installations that people set up, as `Installations`. */
export const INSTALLATIONS = Symbol('INSTALLATIONS');
export const INSTALLATION_SENDERS = Symbol('INSTALLATION_SENDERS');
/** Gates that wait, as `OpenGates`. */
export const OPEN_GATES = Symbol('OPEN_GATES');
/** What commands on channels need, as `ChannelCommands`. */
export const CHANNEL_OPTIONS = Symbol('CHANNEL_OPTIONS');
/** What taking callbacks needs, as `ReceiveOptions`. */
export const RECEIVE_OPTIONS = Symbol('RECEIVE_OPTIONS');
