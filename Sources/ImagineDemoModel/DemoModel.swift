internal import CDemoModel

/// The small model that is part of the library, so that a first picture needs no download.
package enum DemoModel {
  package static let fileName = "demo.safetensors"

  /// The bytes of its safetensors file; they live as long as the process.
  package static var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: imagine_demo_model(), count: imagine_demo_model_size())
  }
}
