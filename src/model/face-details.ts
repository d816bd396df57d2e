import { boolean, degree, float, percent, unsignedInteger } from './scalars.js';
import { enumeration, list, optional, structure } from './shapes.js';

/** Ratios of the EXIF-oriented image; may leave 0–1 where a face touches the border. */
export const boundingBox = structure({
  Width: optional(float),
  Height: optional(float),
  Left: optional(float),
  Top: optional(float),
});

/** A yes or no with the confidence in that answer. */
const judgement = structure({ Value: optional(boolean), Confidence: optional(percent) });

const ageRange = structure({ Low: optional(unsignedInteger), High: optional(unsignedInteger) });

const gender = structure({
  Value: optional(enumeration(['Male', 'Female'])),
  Confidence: optional(percent),
});

const emotion = structure({
  Type: optional(
    enumeration([
      'HAPPY',
      'SAD',
      'ANGRY',
      'CONFUSED',
      'DISGUSTED',
      'SURPRISED',
      'CALM',
      'UNKNOWN',
      'FEAR',
    ]),
  ),
  Confidence: optional(percent),
});

const landmark = structure({
  Type: optional(
    enumeration([
      'eyeLeft',
      'eyeRight',
      'nose',
      'mouthLeft',
      'mouthRight',
      'leftEyeBrowLeft',
      'leftEyeBrowRight',
      'leftEyeBrowUp',
      'rightEyeBrowLeft',
      'rightEyeBrowRight',
      'rightEyeBrowUp',
      'leftEyeLeft',
      'leftEyeRight',
      'leftEyeUp',
      'leftEyeDown',
      'rightEyeLeft',
      'rightEyeRight',
      'rightEyeUp',
      'rightEyeDown',
      'noseLeft',
      'noseRight',
      'mouthUp',
      'mouthDown',
      'leftPupil',
      'rightPupil',
      'upperJawlineLeft',
      'midJawlineLeft',
      'chinBottom',
      'midJawlineRight',
      'upperJawlineRight',
    ]),
  ),
  X: optional(float),
  Y: optional(float),
});

const pose = structure({
  Roll: optional(degree),
  Yaw: optional(degree),
  Pitch: optional(degree),
});

const imageQuality = structure({ Brightness: optional(float), Sharpness: optional(float) });

const eyeDirection = structure({
  Yaw: optional(degree),
  Pitch: optional(degree),
  Confidence: optional(percent),
});

/** What a photo shows of one face. Which members are set depends on the attributes asked for. */
export const faceDetail = structure({
  BoundingBox: optional(boundingBox),
  AgeRange: optional(ageRange),
  Smile: optional(judgement),
  Eyeglasses: optional(judgement),
  Sunglasses: optional(judgement),
  Gender: optional(gender),
  Beard: optional(judgement),
  Mustache: optional(judgement),
  EyesOpen: optional(judgement),
  MouthOpen: optional(judgement),
  Emotions: optional(list(emotion)),
  Landmarks: optional(list(landmark)),
  Pose: optional(pose),
  Quality: optional(imageQuality),
  Confidence: optional(percent),
  FaceOccluded: optional(judgement),
  EyeDirection: optional(eyeDirection),
});

export const comparedFace = structure({
  BoundingBox: optional(boundingBox),
  Confidence: optional(percent),
  Landmarks: optional(list(landmark)),
  Pose: optional(pose),
  Quality: optional(imageQuality),
  Emotions: optional(list(emotion)),
  Smile: optional(judgement),
});

const qualityReasons = [
  'EXCEEDS_MAX_FACES',
  'EXTREME_POSE',
  'LOW_BRIGHTNESS',
  'LOW_SHARPNESS',
  'LOW_CONFIDENCE',
  'SMALL_BOUNDING_BOX',
  'LOW_FACE_QUALITY',
] as const;

export const unindexedFace = structure({
  Reasons: optional(list(enumeration(qualityReasons))),
  FaceDetail: optional(faceDetail),
});

/** Unlike its siblings this one calls its member FaceDetails. */
export const unsearchedFace = structure({
  FaceDetails: optional(faceDetail),
  Reasons: optional(list(enumeration(['FACE_NOT_LARGEST', ...qualityReasons]))),
});
