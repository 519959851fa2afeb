import ImagineCPU
import Testing

@Suite("IMAGINE_CPU_PRODUCTS") struct CPUProductsTests {
  @Test(arguments: [
    ("kernels", CPUProducts.kernels), (" Winograd", .winograd), ("automatic", .automatic),
  ])
  func names(_ text: String, _ products: CPUProducts) throws { #expect(try CPUProducts(named: text) == products) }

  @Test func unknownName() {
    let error = #expect(throws: CPUBackendError.self) { try CPUProducts(named: "mkl") }
    #expect(error?.description.contains("\"mkl\"") == true)
    #expect(error?.description.contains("automatic, kernels, winograd") == true)
  }
}
