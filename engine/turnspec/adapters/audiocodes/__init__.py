"""AudioCodes Bot API over a WebSocket, seen from VoiceAI Connect: the adapter `audiocodes`."""
