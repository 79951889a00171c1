class NbdkitNode < Formula
  desc "NBD server toolkit for Node.js, with the command nbdkit"
  homepage "@SITE@"
  url "@SITE@/nbdkit-node-@VERSION@.tgz"
  sha256 "@SHA256@"
  license "BSD-3-Clause"

  depends_on "node"

  def install
    man1.install Dir["dist/man/man1/*.1"]
    bash_completion.install Dir["dist/completions/*"]
    system "npm", "install", *std_npm_args
    bin.install_symlink libexec/"bin/nbd", libexec/"bin/nbdkit"
  end

  test do
    command = "#{bin}/nbdkit memory 1M --run '#{bin}/nbd info --size \"$uri\"'"
    assert_equal "1048576\n", shell_output(command)
  end
end
