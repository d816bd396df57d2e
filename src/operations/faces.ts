import type { BoundingBox, FaceDetail } from '../domain/face.js';
import type { Face } from '../store/store.js';

/** The API's spelling of what we know about faces. */

export const toBoundingBox = ({ width, height, left, top }: BoundingBox) => ({
  Width: width,
  Height: height,
  Left: left,
  Top: top,
});

/** The five landmarks of the DEFAULT attribute set. */
const DEFAULT_LANDMARKS = new Set(['eyeLeft', 'eyeRight', 'mouthLeft', 'mouthRight', 'nose']);

const toLandmarks = ({ landmarks }: FaceDetail, all: boolean) =>
  landmarks
    .filter(({ type }) => all || DEFAULT_LANDMARKS.has(type))
    .map(({ type, x, y }) => ({ Type: type, X: x, Y: y }));

const toPose = ({ pose: { roll, yaw, pitch } }: FaceDetail) => ({
  Roll: roll,
  Yaw: yaw,
  Pitch: pitch,
});

const toQuality = ({ quality: { brightness, sharpness } }: FaceDetail) => ({
  Brightness: brightness,
  Sharpness: sharpness,
});

/**
 * A FaceDetail with the asked attributes; the DEFAULT ones are always there. Attributes that no model
 * backs are left out, never invented.
 */
export function toFaceDetail(face: FaceDetail, attributes: readonly string[] = []) {
  const all = attributes.includes('ALL');
  const asked = (attribute: string): boolean => all || attributes.includes(attribute);
  const { eyesOpen, mouthOpen } = face;
  return {
    BoundingBox: toBoundingBox(face.box),
    ...(asked('EYES_OPEN') && {
      EyesOpen: { Value: eyesOpen.value, Confidence: eyesOpen.confidence },
    }),
    ...(asked('MOUTH_OPEN') && {
      MouthOpen: { Value: mouthOpen.value, Confidence: mouthOpen.confidence },
    }),
    Landmarks: toLandmarks(face, all),
    Pose: toPose(face),
    Quality: toQuality(face),
    Confidence: face.confidence,
  };
}

/** The narrower detail CompareFaces gives. */
export const toComparedFace = (face: FaceDetail) => ({
  BoundingBox: toBoundingBox(face.box),
  Confidence: face.confidence,
  Landmarks: toLandmarks(face, false),
  Pose: toPose(face),
  Quality: toQuality(face),
});

/** A stored face as lists and searches show it. */
export const toFace = (face: Face, faceModelVersion: string) => ({
  FaceId: face.faceId,
  BoundingBox: toBoundingBox(face.box),
  ImageId: face.imageId,
  ...(face.externalImageId !== undefined && { ExternalImageId: face.externalImageId }),
  Confidence: face.confidence,
  IndexFacesModelVersion: faceModelVersion,
  ...(face.userId !== undefined && { UserId: face.userId }),
});
